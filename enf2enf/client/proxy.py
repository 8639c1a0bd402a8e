"""Whether a connection goes through a proxy: as gRPC reads it from the environment, but never to this machine."""

import ipaddress
import os
import re
from collections.abc import Callable
from typing import TypeVar

_VARIABLES = ("grpc_proxy", "https_proxy", "http_proxy")  # the first one that is set counts, even if it is empty
_SPARED = ("no_grpc_proxy", "no_proxy")
_TARGET = re.compile(r"(?:(?:dns|ipv4|ipv6):(?://[^/]*/)?)?(?:\[(.*)\]|([^:]*))(?::[^:]*)?")  # host:port, or gRPC's URI
T = TypeVar("T")


def proxy_of(target: str) -> str | None:
    """The variable that names the proxy on the way to a target; None where there is none."""
    variable = next((name for name in _VARIABLES if name in os.environ), None)
    if variable is None or not re.match("http://[^/]", os.environ[variable]) or target.startswith(("unix:", "vsock:")):
        return None
    parts = _TARGET.fullmatch(target)
    host = (target if parts is None else parts[1] or parts[2]).lower()
    return None if _is_here(host) or _is_spared(host) else variable


def _is_here(host: str) -> bool:
    address = _parsed(ipaddress.ip_address, host)
    return host == "localhost" if address is None else address.is_loopback or address.is_unspecified


def _is_spared(host: str) -> bool:
    spared = next((os.environ[name] for name in _SPARED if name in os.environ), "")
    return any(_covers(entry.strip().lower(), host) for entry in spared.split(",") if entry)


def _covers(entry: str, host: str) -> bool:
    """Whether a host is meant by the end of its name, or by a network such as 10.0.0.0/8."""
    network, address = _parsed(ipaddress.ip_interface, entry), _parsed(ipaddress.ip_address, host)
    return host.endswith(entry) or (network is not None and address is not None and address in network.network)


def _parsed(kind: Callable[[str], T], text: str) -> T | None:
    try:
        return kind(text)
    except ValueError:
        return None
