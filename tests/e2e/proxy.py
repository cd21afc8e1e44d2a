"""A PostgreSQL proxy that spoils one moment: it understands just enough of the protocol to see the
message that holds a text, and then cuts, swallows the answer, stalls, or dribbles.
"""
import contextlib
import socket
import threading
import time


class Proxy:
    """`moment`: bytes in a client message that trigger `action`, once (or `times`).

    cut-before   closes both sides instead of passing the message on
    drop-reply   passes it on, waits for the answer, closes without giving it
    stall        passes it on and never gives the answer, with the sockets open
    dribble      from the start: one byte a write, both ways
    none         passes all on, but no answer from the moment on
    late         passes it on after `delay` seconds

    `edit` is given each piece of an answer, and returns what to pass on instead. Where that is something else, both sides
    are closed `grace` seconds later: a client that waits for the rest of what it takes for an answer need not wait for long.
    """

    def __init__(self, port, action="", moment=b"", times=1, delay=0, edit=None, grace=None):
        self.target, self.action, self.moment, self.times = port, action, moment, times
        self.delay, self.edit, self.grace = delay, edit, grace
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.fired = 0
        self.lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target))
            for sock in (client, server):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            state = {"swallow": False}
            threading.Thread(target=self._upward, args=(client, server, state), daemon=True).start()
            threading.Thread(target=self._downward, args=(client, server, state), daemon=True).start()

    def _fires(self, data):
        with self.lock:
            if not self.moment or self.moment not in data or self.fired >= self.times:
                return False
            self.fired += 1
            return True

    @staticmethod
    def _close(*sockets):
        for sock in sockets:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()

    def _send(self, sock, data):
        if self.action != "dribble":
            sock.sendall(data)
            return
        for i in range(len(data)):
            sock.sendall(data[i:i + 1])

    def _upward(self, client, server, state):
        try:
            while data := client.recv(65536):
                if self._fires(data):
                    if self.action == "cut-before":
                        break
                    time.sleep(self.delay)
                    state["swallow"] = self.action != "late"
                self._send(server, data)
        except OSError:
            pass
        self._close(client, server)

    def _downward(self, client, server, state):
        try:
            while data := server.recv(65536):
                if not state["swallow"]:
                    edited = self.edit(data) if self.edit else data
                    if edited != data and self.grace is not None:
                        threading.Timer(self.grace, self._close, (client, server)).start()
                    self._send(client, edited)
                elif self.action == "drop-reply":
                    break
        except OSError:
            pass
        if not (state["swallow"] and self.action == "stall"):
            self._close(client, server)


class Relay:
    """Passes everything on to a port, until it is told otherwise; as a network does that fails and is mended.

    cut    all connections end, and new ones too
    hold   nothing passes, and nothing ends: whoever is connected waits
    heal   all is well again; what was held arrives
    """

    def __init__(self, port):
        self.target = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.is_cut = False
        self.passes = threading.Event()
        self.passes.set()
        self.sockets, self.lock = set(), threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self):
        with self.lock:
            self.is_cut = True
            for sock in self.sockets:
                self._end(sock)
        self.passes.set()

    def hold(self):
        self.passes.clear()

    def heal(self):
        self.is_cut = False
        self.passes.set()

    def close(self):
        self.listener.close()
        self.cut()

    @staticmethod
    def _end(sock):
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        self.passes.wait()
        try:
            server = socket.create_connection(("127.0.0.1", self.target))
        except OSError:
            client.close()
            return
        with self.lock:
            self.sockets |= {client, server}
            if self.is_cut:
                self._end(client)
        back = threading.Thread(target=self._pass_on, args=(server, client), daemon=True)
        back.start()
        self._pass_on(client, server)
        back.join()
        with self.lock:
            self.sockets -= {client, server}
        client.close()
        server.close()

    def _pass_on(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self.passes.wait()
                sink.sendall(data)
        self._end(source)
        self._end(sink)
