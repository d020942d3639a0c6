"""A site for the link checker, served by Python's http.server; started by `links.rs`.

A tree of good pages, and some of each kind that is not good. It prints where it listens.
"""

import http.server
import time

PAGES = 100  # the tree of good pages: page N links to pages 2N+1 and 2N+2
SLOW = 30  # seconds: longer than the link checker is told to wait

START = """<!doctype html><title>start</title><a href="page/0">pages</a>
<a href=/missing>1</a><a href=/error>2</a><a href=/slow>3</a><a href=/circle/a>4</a>
<a href=/moved>5</a><a href=/cut>6</a><a href=/garbage>7</a><a href=/hangup>8</a>
<a href=/chunked>9</a><a href=/deep/../page/2#place>10</a><a href="two words">11</a>
<a href=mailto:somebody@example.com>12</a><a href=https://example.com/>13</a><a href=#here>14</a>
<img src=/image.png><!-- <a href=/no-link> -->"""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        name, _, rest = self.path[1:].partition("/")
        if name == "page" and rest.isdigit() and int(rest) < PAGES:
            return self.page(self.tree(int(rest)))
        special = getattr(self, "get_" + (name or "start"), None)
        special() if special else self.send_error(404)

    def tree(self, number):
        below = [n for n in (2 * number + 1, 2 * number + 2) if n < PAGES]
        links = "".join(f"<a href={n}>{n}</a>" for n in below)
        return links + ("<a href=/missing>no</a>" if number == 77 else "")

    def page(self, text, length=None, kind="text/html; charset=utf-8"):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", length or len(text))
        self.end_headers()
        self.wfile.write(text.encode())

    def moved(self, to):
        self.send_response(302)
        self.send_header("Location", to)
        self.send_header("Content-Length", 0)
        self.end_headers()

    def get_start(self):
        self.page(START)

    def get_error(self):
        self.send_error(500)

    def get_slow(self):
        print("somebody waits", flush=True)  # the client wants to know
        time.sleep(SLOW)

    def get_circle(self):
        self.moved("/circle/b" if self.path.endswith("a") else "/circle/a")

    def get_moved(self):
        self.moved("/page/1")

    def get_cut(self):
        self.page("0123456789", length=1000)
        self.close_connection = True

    def get_garbage(self):
        self.wfile.write(b"this is no HTTP\r\n\r\n")
        self.close_connection = True

    def get_hangup(self):
        self.close_connection = True

    def get_chunked(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for part in (b"<a href=/missing", b"-too>no</a>", b""):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))

    def log_message(self, *_):
        pass


setattr(Handler, "get_image.png", lambda self: self.page("no picture", kind="image/png"))
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print("listening on 127.0.0.1:%d" % server.server_port, flush=True)
server.serve_forever()
