"""Which addresses may be called: quantified over the networks that are not the open Internet."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.network import UrlRefused, is_public, read_target

CLOSED = [
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
    *("172.16.0.0/12", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4"),
    *("240.0.0.0/4", "255.255.255.255/32"),
]
CLOSED6 = ["::/128", "::1/128", "fc00::/7", "fe80::/10", "ff00::/8", "2001:db8::/32"]


@given(st.sampled_from(CLOSED), st.data())
def test_no_address_of_a_closed_network_is_public_however_it_is_written(
    network: str, data: st.DataObject
) -> None:
    address = IPv4Address(data.draw(st.ip_addresses(v=4, network=IPv4Network(network))))
    inside = int(address)

    assert not is_public(str(address))
    for outer in (0xFFFF << 32, 0x64FF9B << 96, 0x2002 << 112):
        shift = 80 if outer >> 112 == 0x2002 else 0
        assert not is_public(str(IPv6Address(outer | inside << shift)))


@given(st.sampled_from(CLOSED6), st.data())
def test_no_address_of_a_closed_ipv6_network_is_public(network: str, data: st.DataObject) -> None:
    address = data.draw(st.ip_addresses(v=6, network=IPv6Network(network)))

    assert not is_public(str(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", ["", "localhost", "1.2.3", "fe80::1%eth0", "0x7f000001"])
def test_what_is_no_address_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://kho.example.vn/",
        "ftp://kho.example.vn/",
        "https://",
        "https:///duong-dan",
        "https://nguoi:mat-khau@kho.example.vn/",
        "https://kho.example.vn/#phan",
        "https://kho.example.vn:99999/",
        "https://kho.example.vn/a b",
        "https://kho.example.vn\\@127.0.0.1/",
        "https://[::1",
        "//kho.example.vn/",
        "https://kho.example.vn/" + "a" * 500,
    ],
)
def test_a_url_that_is_odd_is_refused(url: str) -> None:
    with pytest.raises(UrlRefused):
        read_target(url, ())


def test_a_named_host_may_be_internal_and_plain() -> None:
    target = read_target("http://lgsp.noi-bo:8080/su-kien?a=1", {"lgsp.noi-bo"})

    assert (target.scheme, target.host, target.port) == ("http", "lgsp.noi-bo", 8080)
    assert target.is_internal
    assert not read_target("https://lgsp.noi-bo.example.vn/", {"lgsp.noi-bo"}).is_internal
