# SPDX-License-Identifier: MIT
"""A server and a client that talk over IPv4, IPv6 and Unix sockets; run under strace by compare."""
import os
import socket


def talk(server, address):
    pid = os.fork()
    if pid == 0:
        server.close()
        client = socket.socket(address[0], socket.SOCK_STREAM)
        client.connect(address[1])
        client.sendall(b'question ' * 1000)
        client.shutdown(socket.SHUT_WR)
        while client.recv(4096):
            pass
        os._exit(7)
    peer, _ = server.accept()
    size = 0
    while True:
        data = peer.recv(2000)
        if not data:
            break
        size += len(data)
    peer.sendmsg([b'answer ', str(size).encode()])
    peer.close()
    server.close()
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), size)


def stream(family, address):
    server = socket.socket(family, socket.SOCK_STREAM)
    server.bind(address)
    server.listen(3)
    talk(server, (family, server.getsockname()))


def datagram(family, address):
    a, b = socket.socket(family, socket.SOCK_DGRAM), socket.socket(family, socket.SOCK_DGRAM)
    a.bind(address)
    b.sendto(b'hello', a.getsockname())
    _, sender = a.recvfrom(100)
    if sender:
        a.sendto(b'back', sender)
        b.recv(10)


def refused(family, address):
    s = socket.socket(family, socket.SOCK_STREAM)
    print(s.connect_ex(address))


stream(socket.AF_INET, ('127.0.0.1', 0))
datagram(socket.AF_INET, ('127.0.0.1', 0))
refused(socket.AF_INET, ('127.0.0.1', 1))
if os.path.exists('/proc/net/if_inet6'):
    stream(socket.AF_INET6, ('::1', 0))
    datagram(socket.AF_INET6, ('::1', 0))
    refused(socket.AF_INET6, ('::1', 1))
stream(socket.AF_UNIX, 'named')
stream(socket.AF_UNIX, f'\0espy-oracle-{os.getpid()}')
datagram(socket.AF_UNIX, 'datagram')
refused(socket.AF_UNIX, 'missing')
left, right = socket.socketpair()
left.send(b'x')
os.read(right.fileno(), 1)
