"""A proxy for MariaDB that gives the statements of one client to two sessions of the server in turn, as one that
multiplexes does, and a relay that takes its time over a TLS handshake.

Its logins have no password, so that it can log in by itself.
"""
import contextlib
import socket
import struct
import threading
import time

def take(sock, size):
    data = b""
    while len(data) < size:
        part = sock.recv(size - len(data))
        if not part:
            raise OSError("closed")
        data += part
    return data


def read_packet(sock):
    head = take(sock, 4)
    return head[3], take(sock, int.from_bytes(head[:3], "little"))


def write_packet(sock, number, body):
    sock.sendall(len(body).to_bytes(3, "little") + bytes([number]) + body)


def greet(port):
    """-> a connection, and the server's greeting."""
    sock = socket.create_connection(("127.0.0.1", port))
    return sock, read_packet(sock)[1]


def log_in(sock, response):
    """By the client's own words: without a password they do not depend on the greeting."""
    write_packet(sock, 1, response)
    _, answer = read_packet(sock)
    if answer[0] == 0xfe:  # it asks for the empty password once more
        write_packet(sock, 3, b"")
        _, answer = read_packet(sock)
    if answer[0]:
        raise OSError(answer)


class Results:
    """The results in what a server answers, one for each statement: `edit` of a proxy, which passes on all but the `chosen`th
    of a connection as they are, and `change(result, before)` instead of that one. A result is a list of packets' bodies."""
    OK, MORE = b"\0\0\0\2\0\0\0", 8

    def __init__(self, chosen, change):
        self.chosen, self.change = chosen, change
        self.passed, self.parts = [], b""

    def __call__(self, data):
        self.parts += data
        if self.parts[3:4] != b"\1":  # an answer to a statement begins with this number, and nothing of a login does
            done, self.parts = self.parts, b""
            return done
        results = self.split(self.parts)
        if not results:  # there is more to come
            return b""
        self.parts = b""
        for i, result in enumerate(results):
            if len(self.passed) == self.chosen:
                results[i] = self.change(result, self.passed[-1])
            self.passed.append(result)
        return self.join(results)

    @classmethod
    def split(cls, data):
        """-> results; None: the last of them is not whole."""
        packets, results = [], []
        while data:
            size = int.from_bytes(data[:3], "little")
            if len(data) < 4 + size:
                return None
            packets.append(data[4:4 + size])
            data = data[4 + size:]
        while packets:
            ends = [i for i, packet in enumerate(packets) if packet[0] == 0xfe and len(packet) < 9]
            size = 1 if packets[0][0] in (0, 0xff) else ends[1] + 1 if len(ends) > 1 else 0
            if not size:
                return None
            results.append(packets[:size])
            packets = packets[size:]
        last = results[-1][-1]
        return None if last[0] in (0, 0xfe) and last[3] & cls.MORE else results

    @classmethod
    def join(cls, results):
        data, number = b"", 1
        for result in results:
            for i, packet in enumerate(result):
                if i + 1 == len(result) and packet[0] in (0, 0xfe):  # whether more results come is as it was
                    more = cls.MORE if result is not results[-1] else 0
                    packet = packet[:3] + bytes([packet[3] & ~cls.MORE | more]) + packet[4:]
                data += len(packet).to_bytes(3, "little") + bytes([number % 256]) + packet
                number += 1
        return data


class Multiplexer:
    """`shows_itself`: the greeting has a number of its own, as ProxySQL's has; else that of the first session. From the
    `after`th statement on the second session answers every other one."""

    def __init__(self, port, shows_itself, after=0):
        self.target, self.shows_itself, self.after = port, shows_itself, after
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.statements = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        backends = []
        try:
            for _ in range(2):
                backends.append(greet(self.target))
            greeting = backends[0][1]
            if self.shows_itself:
                end = greeting.index(b"\0") + 1
                greeting = greeting[:end] + struct.pack("<I", 999999) + greeting[end + 4:]
            write_packet(client, 0, greeting)
            response = read_packet(client)[1]
            for sock, _ in backends:
                log_in(sock, response)
            write_packet(client, 2, b"\0\0\0\x02\0\0\0")
            for sock, _ in backends:
                threading.Thread(target=self._answer, args=(sock, client), daemon=True).start()
            for number in range(1 << 30):
                order, body = read_packet(client)
                self.statements.append(body[1:])
                is_second = number >= self.after and (number - self.after) % 2
                write_packet(backends[1 if is_second else 0][0], order, body)
        except OSError:
            pass
        finally:
            for sock in [client, *(sock for sock, _ in backends)]:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
                sock.close()

    @staticmethod
    def _answer(sock, client):
        with contextlib.suppress(OSError):
            while data := sock.recv(65536):
                client.sendall(data)


class SlowTls:
    """Passes all on; what comes after the client's wish for TLS waits `seconds`, once for each connection."""

    def __init__(self, port, seconds):
        self.target, self.seconds = port, seconds
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.target))
                threading.Thread(target=self._pass, args=(client, server, True), daemon=True).start()
                threading.Thread(target=self._pass, args=(server, client, False), daemon=True).start()

    def _pass(self, source, target, is_slow):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if is_slow and b"\x16\x03" in data:  # a ClientHello
                    time.sleep(self.seconds)
                    is_slow = False
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)
        source.close()
