"""Currencies: a code, how many decimals its money has, and the built-in table.

The table is constant. Currencies that it lacks belong to a kernel or a scenario, which passes
its own mapping to the parsers (`currency`, `Money.from_str`); nothing is registered globally, so
two kernels in one process cannot change each other's money.
"""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Final, final

from engine.model.fixed import UNITS, check_precision


class CurrencyType(IntEnum):
    CRYPTO = 1
    FIAT = 2
    COMMODITY_BACKED = 3


@final
class Currency:
    """A currency. Equality and hash are by `code` alone, which is case sensitive.

    Attributes:
        code: such as `USD`; no whitespace, so that `"1.00 USD"` splits in two.
        precision: decimals of its money, 0..16.
        iso4217: the standard's number, 0 when it has none.
        unit: raw units (1e-16) in one unit of the last decimal.
    """

    __slots__ = ("code", "currency_type", "iso4217", "name", "precision", "unit")

    code: str
    precision: int
    iso4217: int
    name: str
    currency_type: CurrencyType
    unit: int

    def __init__(
        self, code: str, precision: int, iso4217: int, name: str, currency_type: CurrencyType
    ) -> None:
        for field, text in (("code", code), ("name", name)):
            if not isinstance(text, str):
                raise TypeError(f"currency {field} must be str, not {type(text).__name__}")
            if not text or text.isspace():
                raise ValueError(f"currency {field} must not be empty or blank: {text!r}")
        if len(code.split()) != 1 or code != code.strip():
            raise ValueError(f"currency code must not contain whitespace: {code!r}")
        if type(iso4217) is not int:
            raise TypeError(f"iso4217 must be int, not {type(iso4217).__name__}")
        if not 0 <= iso4217 <= 999:
            raise ValueError(f"iso4217 must be 0..999, was {iso4217}")
        store = object.__setattr__
        store(self, "code", code)
        store(self, "precision", check_precision(precision))
        store(self, "iso4217", iso4217)
        store(self, "name", name)
        store(self, "currency_type", CurrencyType(currency_type))
        store(self, "unit", UNITS[precision])

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Currency is immutable: cannot set {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"Currency is immutable: cannot delete {name}")

    def __eq__(self, other: object) -> bool:
        return self is other or (type(other) is Currency and self.code == other.code)

    def __hash__(self) -> int:
        return hash(self.code)

    def __str__(self) -> str:
        return self.code

    def __repr__(self) -> str:
        return (
            f"Currency({self.code!r}, precision={self.precision}, iso4217={self.iso4217}, "
            f"name={self.name!r}, currency_type={self.currency_type.name})"
        )

    def __reduce__(self) -> tuple[type, tuple[str, int, int, str, CurrencyType]]:
        return Currency, (self.code, self.precision, self.iso4217, self.name, self.currency_type)


_FIAT: Final = (
    ("AUD", 2, 36, "Australian dollar"),
    ("BRL", 2, 986, "Brazilian real"),
    ("CAD", 2, 124, "Canadian dollar"),
    ("CHF", 2, 756, "Swiss franc"),
    ("CNH", 2, 0, "Chinese yuan (offshore)"),
    ("CNY", 2, 156, "Chinese yuan"),
    ("CZK", 2, 203, "Czech koruna"),
    ("DKK", 2, 208, "Danish krone"),
    ("EUR", 2, 978, "Euro"),
    ("GBP", 2, 826, "Pound sterling"),
    ("HKD", 2, 344, "Hong Kong dollar"),
    ("HUF", 2, 348, "Hungarian forint"),
    ("ILS", 2, 376, "Israeli new shekel"),
    ("INR", 2, 356, "Indian rupee"),
    ("MXN", 2, 484, "Mexican peso"),
    ("NOK", 2, 578, "Norwegian krone"),
    ("NZD", 2, 554, "New Zealand dollar"),
    ("PLN", 2, 985, "Polish zloty"),
    ("RUB", 2, 643, "Russian ruble"),
    ("SAR", 2, 682, "Saudi riyal"),
    ("SEK", 2, 752, "Swedish krona"),
    ("SGD", 2, 702, "Singapore dollar"),
    ("THB", 2, 764, "Thai baht"),
    ("TRY", 2, 949, "Turkish lira"),
    ("TWD", 2, 901, "New Taiwan dollar"),
    ("USD", 2, 840, "United States dollar"),
    ("ZAR", 2, 710, "South African rand"),
    ("JPY", 0, 392, "Japanese yen"),
    ("KRW", 0, 410, "South Korean won"),
)

_METALS: Final = (
    ("XAG", 961, "Silver (troy ounce)"),
    ("XAU", 959, "Gold (troy ounce)"),
    ("XPT", 962, "Platinum (troy ounce)"),
)

_CRYPTO: Final = (
    ("1INCH", 8, "1inch"),
    ("AAVE", 8, "Aave"),
    ("ACA", 8, "Acala"),
    ("APT", 8, "Aptos"),
    ("ARB", 8, "Arbitrum"),
    ("ATOM", 8, "Cosmos"),
    ("AVAX", 8, "Avalanche"),
    ("BCH", 8, "Bitcoin Cash"),
    ("BNB", 8, "Binance Coin"),
    ("BRZ", 8, "Brazilian Digital"),
    ("BSV", 8, "Bitcoin SV"),
    ("BTC", 8, "Bitcoin"),
    ("BTTC", 8, "BitTorrent"),
    ("BUSD", 8, "Binance USD"),
    ("CAKE", 8, "PancakeSwap"),
    ("CRV", 8, "Curve DAO"),
    ("DAI", 8, "Dai"),
    ("DASH", 8, "Dash"),
    ("DOGE", 8, "Dogecoin"),
    ("DOT", 8, "Polkadot"),
    ("EOS", 8, "EOS"),
    ("ETC", 8, "Ethereum Classic"),
    ("ETH", 8, "Ether"),
    ("ETHW", 8, "EthereumPoW"),
    ("FDUSD", 8, "First Digital USD"),
    ("FIL", 8, "Filecoin"),
    ("HYPE", 8, "Hyperliquid"),
    ("JOE", 8, "JOE"),
    ("LINK", 8, "Chainlink"),
    ("LTC", 8, "Litecoin"),
    ("LUNA", 8, "Terra"),
    ("NEAR", 8, "NEAR Protocol"),
    ("OP", 8, "Optimism"),
    ("POL", 8, "Polygon Ecosystem"),
    ("SHIB", 8, "Shiba Inu"),
    ("SOL", 8, "Solana"),
    ("SUI", 8, "Sui"),
    ("SUSHI", 8, "SushiSwap"),
    ("TON", 8, "Toncoin"),
    ("TRX", 8, "TRON"),
    ("TRYB", 8, "BiLira"),
    ("TUSD", 8, "TrueUSD"),
    ("UNI", 8, "Uniswap"),
    ("USDC", 8, "USD Coin"),
    ("USDD", 8, "Decentralized USD"),
    ("USDP", 8, "Pax Dollar"),
    ("USDT", 8, "Tether"),
    ("WBTC", 8, "Wrapped Bitcoin"),
    ("WETH", 8, "Wrapped Ether"),
    ("XBT", 8, "Bitcoin"),
    ("XEC", 8, "eCash"),
    ("XLM", 8, "Stellar"),
    ("XMR", 8, "Monero"),
    ("ZEC", 8, "Zcash"),
    ("ADA", 6, "Cardano"),
    ("USDC.e", 6, "USD Coin (bridged)"),
    ("XRP", 6, "XRP"),
    ("XTZ", 6, "Tezos"),
    ("pUSD", 6, "Plume USD"),
)

CURRENCIES: Final[Mapping[str, Currency]] = MappingProxyType(
    {code: Currency(code, p, iso, name, CurrencyType.FIAT) for code, p, iso, name in _FIAT}
    | {
        code: Currency(code, 2, iso, name, CurrencyType.COMMODITY_BACKED)
        for code, iso, name in _METALS
    }
    | {code: Currency(code, p, 0, name, CurrencyType.CRYPTO) for code, p, name in _CRYPTO}
)

# what counts as one dollar when a settlement currency is compared with a quote currency
USD_EQUIVALENTS: Final = ("BUSD", "FDUSD", "TUSD", "USD", "USDC", "USDC.e", "USDP", "USDT", "pUSD")

AUD: Final = CURRENCIES["AUD"]
BNB: Final = CURRENCIES["BNB"]
BTC: Final = CURRENCIES["BTC"]
CAD: Final = CURRENCIES["CAD"]
CHF: Final = CURRENCIES["CHF"]
ETH: Final = CURRENCIES["ETH"]
EUR: Final = CURRENCIES["EUR"]
GBP: Final = CURRENCIES["GBP"]
JPY: Final = CURRENCIES["JPY"]
NZD: Final = CURRENCIES["NZD"]
SOL: Final = CURRENCIES["SOL"]
USD: Final = CURRENCIES["USD"]
USDC: Final = CURRENCIES["USDC"]
USDT: Final = CURRENCIES["USDT"]
XRP: Final = CURRENCIES["XRP"]


def currency(code: str, further: Mapping[str, Currency] = CURRENCIES) -> Currency:
    """The currency of that code, from the built-in table or else from `further`.

    Raises:
        TypeError: `code` is not a str.
        ValueError: neither knows the code. Nothing is ever made up for an unknown one.
    """
    if not isinstance(code, str):
        raise TypeError(f"a currency code is str, not {type(code).__name__}")
    found = CURRENCIES.get(code) or further.get(code)
    if found is None:
        raise ValueError(f"unknown currency: {code!r}")
    return found


def with_currencies(*further: Currency) -> Mapping[str, Currency]:
    """The built-in table plus `further`.

    Raises:
        ValueError: a code is already taken by a currency with another precision or type.
    """
    table = dict(CURRENCIES)
    for item in further:
        known = table.get(item.code)
        if known is not None and repr(known) != repr(item):
            raise ValueError(f"currency code {item.code!r} is already taken by {known!r}")
        table[item.code] = item
    return MappingProxyType(table)
