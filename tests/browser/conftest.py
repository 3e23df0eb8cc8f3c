"""The report in a real browser: headless Chromium, driven by its own driver, with nothing downloaded."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_report import toy_results
from window import Open, resize

from secondlook.data.clients import npm_command
from secondlook.data.failures import SourceError
from secondlook.protocol.config import load_config
from secondlook.report.build import build_report

webdriver = pytest.importorskip("selenium.webdriver", reason="the browser's driver comes with the extra 'dev'")
from selenium.webdriver.chrome.service import Service  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
#: Mozilla Public License 2.0; fetched for the tests, never part of the project
AXE = "axe-core@4.14.1"
AXE_SHA256 = "e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745"


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A report's folder, away from the results that it was made from."""
    folder = tmp_path_factory.mktemp("page") / "report"
    with toy_results(tmp_path_factory.mktemp("browser")):
        build_report(load_config({}), folder / "index.html")
    return folder


@pytest.fixture(scope="session")
def launch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """Start a browser; all are ended at the end."""
    if not CHROMIUM or not DRIVER:
        pytest.skip("needs Chromium and its driver: apt-get install chromium chromium-driver")
    started = []

    def start(*flags: str, scripts: bool = True) -> webdriver.Chrome:
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}", *flags):
            options.add_argument(flag)
        if not scripts:
            options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        browser = webdriver.Chrome(options=options, service=Service(DRIVER))
        started.append(browser)
        return browser

    yield start
    for browser in started:
        browser.quit()


@pytest.fixture(scope="session")
def chromium(launch: Open) -> webdriver.Chrome:
    """One browser for all tests with JavaScript."""
    return launch()


@pytest.fixture
def browser(chromium: webdriver.Chrome, report: Path) -> webdriver.Chrome:
    """The front page, at desktop width, as a new reader sees it."""
    resize(chromium, 1200)
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    chromium.get((report / "index.html").as_uri())
    chromium.execute_script("localStorage.clear()")
    for log in ("browser", "performance"):
        chromium.get_log(log)
    chromium.refresh()
    return chromium


@pytest.fixture(scope="session")
def axe(request: pytest.FixtureRequest) -> str:
    """The source of axe-core, from pytest's cache or the npm registry."""
    folder = request.config.cache.mkdir("axe")
    archive = folder / (AXE.replace("@", "-") + ".tgz")
    if not archive.exists():
        try:
            command = [*npm_command(), "pack", AXE, "--pack-destination", str(folder), "--ignore-scripts", "--loglevel=error"]
            subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)
        except (SourceError, subprocess.SubprocessError) as error:
            pytest.skip(f"axe-core cannot be fetched: {error}")
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != AXE_SHA256:
        archive.unlink()
        pytest.fail(f"{AXE} hashes to {found}")
    with tarfile.open(archive) as files:
        return files.extractfile("package/axe.min.js").read().decode()
