"""An AE's point of access: takes notifications over HTTP and keeps them; and a peer that answers what it is told."""

import http.server
import json
import threading


class Listener:
    """Answers every request with `answer(handler, body)`; keeps what came."""

    def __init__(self, answer=None):
        self.notifications = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def handle_any(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                if answer is not None:
                    return answer(self, body)
                outer.notifications.append(json.loads(body) if body else None)
                self.send_response(200)
                self.send_header("X-M2M-RSC", "2000")
                self.send_header("X-M2M-RI", self.headers.get("X-M2M-RI", ""))
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST = do_PUT = do_DELETE = handle_any

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        # A peer that hangs up is what some scenarios are about.
        self.server.handle_error = lambda *_: None
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def heard(self, key, value=None):
        """Whether a notification came whose text has these."""
        texts = [json.dumps(item) for item in self.notifications]
        return any(key in text and (value is None or value in text) for text in texts)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
