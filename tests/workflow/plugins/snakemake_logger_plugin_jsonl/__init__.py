"""A Snakemake logger for tests: one JSON line a job, into the file named by $SNAKEMAKE_JOBS_FILE."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent


class LogHandler(LogHandlerBase):
    """Takes down every job that Snakemake starts or, in a dry run, would start."""

    writes_to_stream = False
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(record, "event", None) != LogEvent.JOB_INFO:
            return
        job = {
            "rule": record.rule_name,
            "wildcards": dict(record.wildcards),
            "output": list(record.output or ()),
            "threads": record.threads,
            "gpu": dict(record.resources.items()).get("gpu"),
            "reason": record.reason,
        }
        with Path(os.environ["SNAKEMAKE_JOBS_FILE"]).open("a", encoding="utf-8") as file:
            file.write(json.dumps(job) + "\n")
