"""What strategies use of BoTorch's acquisitions, imported without the warning that it brings."""

import warnings

with warnings.catch_warnings():
    # linear_operator compiles with torch.jit.script as it is imported; torch calls that old.
    warnings.filterwarnings("ignore", ".*torch.jit.script. is deprecated", DeprecationWarning)
    from botorch.acquisition.acquisition import AcquisitionFunction
    from botorch.acquisition.logei import qLogExpectedImprovement, qLogNoisyExpectedImprovement
    from botorch.exceptions.errors import CandidateGenerationError
    from botorch.exceptions.warnings import OptimizationWarning
    from botorch.models import SingleTaskGP
    from botorch.optim.optimize import optimize_acqf
    from botorch.sampling.normal import SobolQMCNormalSampler
    from linear_operator.utils.warnings import NumericalWarning

__all__ = [
    "AcquisitionFunction",
    "CandidateGenerationError",
    "NumericalWarning",
    "OptimizationWarning",
    "SingleTaskGP",
    "SobolQMCNormalSampler",
    "optimize_acqf",
    "qLogExpectedImprovement",
    "qLogNoisyExpectedImprovement",
]
