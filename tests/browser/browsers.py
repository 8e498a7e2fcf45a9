"""A real browser for tests: Debian's Chromium, driven by playwright."""

import contextlib
import shutil

import pytest
from playwright.sync_api import Browser, sync_playwright

from conftest import skip_or_fail

OPTIONS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


@contextlib.contextmanager
def chromium():
    """A browser; where there is none, a skip or a failure."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        skip_or_fail("browser", "there is no Chromium on the path")
    with sync_playwright() as playwright:
        browser: Browser = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def browser():
    """A browser for the tests of a module."""
    with chromium() as opened:
        yield opened
