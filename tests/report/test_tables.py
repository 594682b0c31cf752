"""Numbers as tables show them."""

from neurodecode.report.tables import ends, number


def test_zero_has_no_sign():
    assert number(-0.0002) == "0.000"
    assert number(-0.0006) == "-0.001"
    assert ends(-0.0004, 0.0004) == "[0.000, 0.000]"
