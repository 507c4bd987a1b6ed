"""A real HTTP server that receives webhooks: it takes them, refuses them, hangs, goes away and comes back."""

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self

Answer = Callable[["Post"], int]


class Post(NamedTuple):
    """`headers` by lower-case name; `body` as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.body)
        return event

    @property
    def about(self) -> tuple[str, int]:
        return self.event["subject"], self.event["sequence"]


class Receiver:
    """`posts` are all that came, `taken` those answered 2xx. `answer` says the status, and may wait before it does."""

    def __init__(self, answer: Answer = lambda _: 204, tls: ssl.SSLContext | None = None) -> None:
        self.answer = answer
        self.posts: list[Post] = []
        self.taken: list[Post] = []
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()
        self._tls = tls
        self._connections: list[socket.socket] = []
        self._server = self._start(0)
        self.port = self._server.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.go_away()

    def go_away(self) -> None:
        """Nobody listens at the port any more."""
        self._server.shutdown()
        self._server.server_close()
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._connections.clear()

    def come_back(self) -> None:
        self._server = self._start(self.port)

    def _start(self, port: int) -> ThreadingHTTPServer:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                receiver._take(self)

            def do_GET(self) -> None:  # a redirect that was followed would end here
                receiver.posts.append(Post(f"GET {self.path}", {}, b""))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            block_on_close = False  # those that hang
            daemon_threads = True
            allow_reuse_address = True

            def get_request(self) -> tuple[socket.socket, Any]:
                connection, address = super().get_request()
                receiver._connections.append(connection)
                return connection, address

            def handle_error(self, *_: object) -> None:
                pass

        server = Server(("127.0.0.1", port), Handler)
        if self._tls is not None:
            server.socket = self._tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return server

    def _take(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        post = Post(request.path, {name.lower(): value for name, value in request.headers.items()}, body)
        with self._lock:
            self.posts.append(post)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            status = self.answer(post)
        finally:
            with self._lock:
                self._at_once -= 1
        if 200 <= status < 300:
            with self._lock:
                self.taken.append(post)
        request.send_response(status)
        if 300 <= status < 400:
            request.send_header("Location", f"{self.url}/elsewhere")
        request.send_header("Content-Length", "0")
        request.end_headers()
