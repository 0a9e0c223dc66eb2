"""Downloads against a server of our own: retries, checksums, the next mirror, all mirrors down."""

from __future__ import annotations

import gzip
import hashlib
import io
import logging
import re
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pooch
import pytest
from rich.console import Console

from minitorch_clf.vision import datasets
from minitorch_clf.vision.datasets import download as module
from minitorch_clf.vision.datasets.download import download, extract
from reference.torchvision_cure import torchvision

GOOD = gzip.compress(b"good" * 50_000, mtime=0)
MD5 = hashlib.md5(GOOD).hexdigest()


class Server(ThreadingHTTPServer):
    """Each first part of a path is a mirror with a temper; `asked` counts the requests."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = Counter()
        self.files = {"x.gz": GOOD}

    def mirror(self, temper):
        return f"http://127.0.0.1:{self.server_port}/{temper}/"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        _, temper, name = self.path.split("/")
        self.server.asked[temper] += 1
        status, content = 200, self.server.files.get(name)
        if temper == "busy" or (temper == "busy-twice" and self.server.asked[temper] <= 2):
            status = 503
        elif temper == "gone" or content is None:
            status = 404
        elif temper == "wrong":
            content = b"an error page"
        self.send_response(status)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        if status == 200:
            cut = temper == "breaks-once" and self.server.asked[temper] == 1
            self.wfile.write(content[: len(content) // 2] if cut else content)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(module, "WAITS", (0.0, 0.0))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def fetch(server, folder, *tempers):
    return download("x.gz", MD5, [server.mirror(temper) for temper in tempers], folder)


@pytest.mark.parametrize(
    ("tempers", "asked"),
    [
        (["good"], {"good": 1}),
        (["busy-twice"], {"busy-twice": 3}),
        (["breaks-once"], {"breaks-once": 2}),
        (["gone", "good"], {"gone": 1, "good": 1}),
        (["wrong", "good"], {"wrong": 1, "good": 1}),
        (["busy", "good", "gone"], {"busy": 3, "good": 1}),
    ],
)
def test_what_is_asked_of_whom(server, tmp_path, tempers, asked):
    path = fetch(server, tmp_path / "raw", *tempers)
    assert path == tmp_path / "raw" / "x.gz"
    assert path.read_bytes() == GOOD
    assert server.asked == asked
    assert [found.name for found in path.parent.iterdir()] == ["x.gz"]


def test_all_down(server, tmp_path):
    nobody = "http://127.0.0.1:9/"
    mirrors = [server.mirror("busy"), server.mirror("wrong"), server.mirror("gone"), nobody]
    with pytest.raises(RuntimeError) as caught:
        download("x.gz", MD5, mirrors, tmp_path)
    message = str(caught.value)
    assert message.startswith("Error downloading x.gz:\n")
    for mirror, reason in zip(mirrors, ["503", "MD5|md5", "404", "refused"], strict=True):
        assert re.search(f"Tried {re.escape(mirror)}, got:\n.*({reason})", message), reason
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_not_fetched_again(server, tmp_path):
    fetch(server, tmp_path, "good")
    fetch(server, tmp_path, "good")
    assert server.asked == {"good": 1}
    (tmp_path / "x.gz").write_bytes(b"tampered")
    assert fetch(server, tmp_path, "good").read_bytes() == GOOD
    assert server.asked == {"good": 2}


def test_extract_leaves_all_or_nothing(tmp_path):
    packed = tmp_path / "x.gz"
    packed.write_bytes(GOOD)
    assert extract(packed).read_bytes() == b"good" * 50_000
    packed.write_bytes(GOOD[:-20])
    (tmp_path / "x").unlink()
    with pytest.raises(EOFError):
        extract(packed)
    assert [path.name for path in tmp_path.iterdir()] == ["x.gz"]


def test_mnist(server, tmp_path, mnist_maker):
    """What we download torchvision reads, and a folder that is whole is left alone."""
    folder = mnist_maker(tmp_path / "server", packed=True)
    server.files = {path.name: path.read_bytes() for path in folder.iterdir()}

    class MNIST(datasets.MNIST):
        mirrors = (server.mirror("gone"), server.mirror("good"))
        resources = tuple(
            (name, hashlib.md5(server.files[name]).hexdigest())
            for name, _ in datasets.MNIST.resources
        )

    with pytest.raises(RuntimeError, match="Dataset not found"):
        MNIST(tmp_path / "data")
    ours = MNIST(tmp_path / "data", download=True)
    theirs = torchvision.datasets.MNIST(tmp_path / "data")
    assert ours.data.numpy().tobytes() == theirs.data.numpy().tobytes()
    assert ours.targets.tolist() == theirs.targets.tolist()
    assert server.asked == {"gone": 4, "good": 4}
    MNIST(tmp_path / "data", download=True)
    MNIST(tmp_path / "server", download=True)
    assert server.asked == {"gone": 4, "good": 4}


def test_without_pooch(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pooch", None)
    message = r"Downloading a dataset needs pooch: pip install 'minitorch_clf\[data\]'"
    with pytest.raises(ImportError, match=message):
        datasets.MNIST(tmp_path, download=True)


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_shown_on_a_terminal_only(server, tmp_path, monkeypatch, terminal):
    screen = io.StringIO()
    monkeypatch.setattr(
        "rich.console.Console",
        lambda stderr: Console(file=screen, force_terminal=terminal, width=100),
    )
    fetch(server, tmp_path, "busy-twice", "good")
    shown = screen.getvalue()
    assert ("x.gz" in shown) == terminal
    assert (f"{len(GOOD)}/{len(GOOD)} bytes" in shown) == terminal


def test_pooch_is_quiet(server, tmp_path):
    said = []
    handler = logging.Handler()
    handler.emit = said.append
    logger = pooch.get_logger()
    logger.addHandler(handler)
    try:
        fetch(server, tmp_path, "good")
        assert said == []
        logger.info("as loud as before")
        assert len(said) == 1
    finally:
        logger.removeHandler(handler)
