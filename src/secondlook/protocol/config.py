"""The typed model of config.yaml. Imported by the Snakefile at every start."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from secondlook.protocol.experiment import MOST_SEEDS
from secondlook.protocol.schema import Name, Scale, Schema, validate


class Config(Schema):
    """config.yaml, with what ``--config`` overrides."""

    scale: Scale = "quick"
    """smoke: seconds, for tests. quick: minutes on a laptop. paper: the paper's own protocol, for a GPU or a cluster."""
    papers: Annotated[list[Name], Field(min_length=1)] | Literal["all"] = "all"
    """Papers to run: all, or a list; on the command line papers=wilson2017,chen2019."""
    seeds: Annotated[int, Field(gt=0, le=MOST_SEEDS, strict=True)] | Literal["protocol"] = "protocol"
    """Replicas per cell: the protocol's own number, or yours. More seeds add runs and leave the old ones as they are."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto takes a GPU where there is one; on a cluster see ``auto_device``."""
    auto_device: Literal["auto", "cpu", "cuda"] = "auto"
    """What ``device: auto`` means where the machine that starts the workflow is not the one that computes; for cluster profiles."""
    versions: Literal["locked", "installed"] = "locked"
    """Libraries that make numbers. locked: the pinned versions or none. installed: what is there; results are keyed by it."""
    data_dir: str = ""
    """A folder that holds the data sets' archives already, asked before any download."""
    mirrors: list[Annotated[str, Field(pattern=r"^(https?|file)://.+")]] = []
    """Base URLs asked before the canonical ones."""
    work_dir: str = "work"
    """Where running jobs keep checkpoints."""

    @property
    def reported(self) -> dict[str, Any]:
        """What decides what a report says, as plain JSON. Where its jobs ran, their records say; where files lay does not matter."""
        return self.model_dump(mode="json", include={"scale", "papers", "seeds", "versions"})

    @property
    def jobs_device(self) -> Literal["auto", "cpu", "cuda"]:
        """The device that jobs are told."""
        return self.auto_device if self.device == "auto" else self.device

    @field_validator("papers", "mirrors", mode="before")
    @classmethod
    def _split_commas(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) and value != "all" else value

    @field_validator("papers")
    @classmethod
    def _in_order(cls, papers: list[str] | str) -> list[str] | str:
        """Papers in alphabetical order, since nothing depends on the order in which they were named."""
        return papers if isinstance(papers, str) else sorted(set(papers))


def load_config(values: dict[str, Any], source: str = "config.yaml") -> Config:
    """Check the merged configuration.

    Raises:
        UserError: naming the key, the value and what was expected.
    """
    return validate(Config, values, source)
