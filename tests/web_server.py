"""A web server in a thread, for tests of files behind URLs: with ranges or without, and with connections that break."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class WebServer:
    """What it serves and how.

    Attributes:
        files: Content by path: `/a.txt`.
        has_ranges: Whether it sends parts of files.
        breaks: After how many bytes of a file the connection ends, once for each entry.
        refused: Paths whose files are never sent whole.
        requests: Paths that were asked for, with their ranges.
        url: Where it listens, without a slash.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    has_ranges: bool = True
    breaks: list[int] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    requests: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""


@contextmanager
def serve() -> Iterator[WebServer]:
    """Serves until it is left."""
    site = WebServer()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(site))
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(site: WebServer) -> type["_Handler"]:
    return type("Handler", (_Handler,), {"site": site})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: WebServer

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self._answer(with_body=False)

    def do_GET(self):
        self.site.requests.append((self.path, self.headers.get("Range", "")))
        self._answer(with_body=True)

    def _answer(self, *, with_body):
        if self.path.endswith("/"):
            links = "".join(f'<a href="{name[1:]}">{name[1:]}</a>' for name in self.site.files)
            self._send(200, links.encode(), with_body)
        elif self.path == "/private.txt":
            self._send(403, b"", with_body)
        elif self.path not in self.site.files:
            self._send(404, b"", with_body)
        else:
            self._send_file(self.site.files[self.path], with_body)

    def _send_file(self, content, with_body):
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if asked and self.site.has_ranges:
            start, end = int(asked[1]), min(int(asked[2]) + 1, len(content))
            headers = {"Content-Range": f"bytes {start}-{end - 1}/{len(content)}"}
            self._send(206, content[start:end], with_body, headers)
        else:
            self._send(200, content, with_body, {"ETag": f'"{hash(content)}"'})

    def _send(self, status, body, with_body, headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body and self.path in self.site.refused:
            body = b""
            self.close_connection = True
        if with_body and self.path in self.site.files and self.site.breaks:
            body = body[: self.site.breaks.pop(0)]
            self.close_connection = True
        if with_body:
            self.wfile.write(body)
