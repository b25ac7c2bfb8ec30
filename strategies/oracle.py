"""The lab's own growth model, fitted every round: what knowing the physics would be worth.

No competitor but a bound: it is told the right form of every law in the lab, though no number.
"""

from typing import ClassVar

from plasmonbench import History, PlasmonbenchError, find_mechanism
from strategies.digital_twin import DigitalTwin
from strategies.models.twin import Twins, spectra_at


class Oracle(DigitalTwin):
    """Choose a batch as `digital-twin` does, from a model of the right form without an error.

    An improvement is averaged over the best fit and ``draws`` others; ``samples`` says nothing
    here, since such a model has no error to be drawn.
    """

    form: str = "exact"
    draws: int = 31

    bound: ClassVar[bool] = True
    surrogate: ClassVar[str] = "growth model"

    def __post_init__(self) -> None:
        super().__post_init__()
        wrong = find_mechanism(self.mechanism, self.form).misspecified
        if wrong:
            raise PlasmonbenchError(
                f"form '{self.form}' is wrong ({wrong}), and no bound on anything; "
                "ask for digital-twin"
            )

    def _posterior(self, history: History) -> Twins:
        return Twins([spectra_at(twin, self.space) for twin in self._twins(history)])
