"""Which of the models that are there a person can choose, and which one answers where they choose none."""

from collections.abc import Callable
from functools import cache

from .generation.backend import OfferedModel, backend
from .models import User
from .services import offers
from .services.errors import Refused


def models(user: User) -> list[OfferedModel]:
    """Return the models that `user` can choose from."""
    return of(offers.offer(user))


def of(offer: offers.Offer) -> list[OfferedModel]:
    """Return the models that are there and in `offer`."""
    is_demonstration = backend.picture.demonstration
    return [model for model in backend.offered() if is_demonstration or offer.has(model.name)]


def chooser(user: User, offer: Callable[[User], offers.Offer] = offers.offer) -> Callable[[str], str]:
    """Return the function that names the model which answers `user` where one is wanted ("": any).

    It raises Refused(unknown_model): what somebody may not use is not there for them. What they may is read when it is
    called, in the thread that calls it.
    """
    offer = cache(offer)

    def choose(wanted: str) -> str:
        name = backend.choose(wanted)
        if backend.picture.demonstration or offer(user).has(name):
            return name
        others = [] if wanted else of(offer(user))
        if not others:
            raise Refused("unknown_model", detail=wanted or name)
        return next((model.name for model in others if model.loaded), others[0].name)

    return choose
