"""What the workflow hands to its jobs by environment variables and not by params: it changes no result, so it must rerun nothing."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from secondlook.parent import name_driver
from secondlook.protocol.config import Config


def prepare(config: Config) -> None:
    """Set the environment of the jobs that this process starts.

    Jobs call ``python``: the one that runs the workflow, unless conda activates another. The command line (`secondlook.cli`) takes the
    SECONDLOOK variables as defaults of its options.
    """
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    name_driver()
    os.environ["SECONDLOOK_DEVICE"] = config.jobs_device
    os.environ["SECONDLOOK_WORK"] = config.work_dir
    os.environ["SECONDLOOK_DATA_DIR"] = config.data_dir
    os.environ["SECONDLOOK_MIRRORS"] = " ".join(config.mirrors)
    os.environ["SECONDLOOK_CONFIG"] = json.dumps(config.reported)  # for the cards of figures (`secondlook.figures.provenance`)
