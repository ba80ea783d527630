"""The base of every actor's settings."""

import msgspec


class ActorConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every actor's configuration. `actor_id` None is the name of the class."""

    actor_id: str | None = None
