"""Regression by an exact Gaussian process: a linear trend, and the rest with a length of its own for every input."""

import dataclasses
from typing import Self

import numpy as np
from jaxtyping import Float
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize
from scipy.spatial.distance import cdist

_LENGTHS, _NOISE = (np.log(0.1), np.log(400.0)), (np.log(1e-8), np.log(10.0))  # bounds; of inputs of deviation 1
_ITERATIONS, _FITTED_ON = 60, 400  # most iterations; most cases to find the lengths on (all cases predict)
_TINY = 1e-14  # least variance, as a share of the values', where the trend is exact


@dataclasses.dataclass(frozen=True, eq=False)
class GaussianProcess:
    """What is known of a number that depends on inputs.

    Args:
        known: inputs of the cases, over `lengths`.
        lengths: length scale of every input.
        trend: coefficients of the linear trend: the constant, then one per input.
        weights: kernel weights of the cases.
    """

    known: Float[np.ndarray, "cases inputs"]
    lengths: Float[np.ndarray, " inputs"]
    trend: Float[np.ndarray, " inputs+1"]
    weights: Float[np.ndarray, " cases"]

    @classmethod
    def fit(cls, inputs: Float[np.ndarray, "cases inputs"], values: Float[np.ndarray, " cases"]) -> Self:
        """Lengths and noise of the largest likelihood (Rasmussen & Williams 2006, eq. 5.8), its scale profiled out.

        Args:
            inputs: of deviation 1.
            values: of any.
        """
        some = np.random.default_rng(0).permutation(len(values))[:_FITTED_ON]
        start = np.append(np.full(inputs.shape[1], np.log(3.0)), np.log(1e-2))
        found = minimize(
            negative_likelihood, start, (inputs[some], values[some]), jac=True, method="L-BFGS-B",
            bounds=[_LENGTHS] * inputs.shape[1] + [_NOISE], options={"maxiter": _ITERATIONS},
        )  # fmt: skip
        lengths = np.exp(found.x[:-1])
        solution = _Solution.of(inputs / lengths, inputs, values, np.exp(found.x[-1]))
        return cls(inputs / lengths, lengths, solution.trend, solution.weights)

    def __call__(self, inputs: Float[np.ndarray, "asked inputs"]) -> Float[np.ndarray, " asked"]:
        """The mean of the process."""
        return _with_one(inputs) @ self.trend + _kernel(inputs / self.lengths, self.known) @ self.weights


@dataclasses.dataclass(frozen=True, eq=False)
class _Solution:
    """Generalised least squares for the trend under a kernel, and the weights that are left."""

    kernel: np.ndarray
    factor: tuple[np.ndarray, bool]
    trend: np.ndarray
    weights: np.ndarray
    rest: np.ndarray

    @classmethod
    def of(cls, scaled: np.ndarray, inputs: np.ndarray, values: np.ndarray, noise: float) -> Self:
        kernel, columns = _kernel(scaled, scaled), _with_one(inputs)
        factor = cho_factor(kernel + noise * np.eye(len(values)), lower=True)
        solved = cho_solve(factor, columns)
        trend = np.linalg.lstsq(columns.T @ solved, solved.T @ values)[0]
        rest = values - columns @ trend
        return cls(kernel, factor, trend, cho_solve(factor, rest), rest)


def negative_likelihood(
    logarithms: Float[np.ndarray, " inputs+1"],
    inputs: Float[np.ndarray, "cases inputs"],
    values: Float[np.ndarray, " cases"],
) -> tuple[float, Float[np.ndarray, " inputs+1"]]:
    """Minus the logarithm of the likelihood but for a constant, and its gradient.

    Args:
        logarithms: of the lengths, then of the variance of the noise over that of the process.
        inputs, values: of the cases.
    """
    scaled, noise, count = inputs / np.exp(logarithms[:-1]), np.exp(logarithms[-1]), len(values)
    solution = _Solution.of(scaled, inputs, values, noise)
    variance = max(solution.rest @ solution.weights / count, _TINY * values.var())
    likelihood = count / 2 * np.log(variance) + np.log(np.diag(solution.factor[0])).sum()
    by_kernel = cho_solve(solution.factor, np.eye(count)) - np.outer(solution.weights, solution.weights) / variance
    by_distance = by_kernel * solution.kernel  # of exp(-d2 / 2), times -2
    by_lengths = by_distance.sum(axis=1) @ scaled**2 - (scaled * (by_distance @ scaled)).sum(axis=0)
    return float(likelihood), np.append(by_lengths, 0.5 * noise * np.trace(by_kernel))


def _kernel(here: np.ndarray, there: np.ndarray) -> np.ndarray:
    return np.exp(-0.5 * cdist(here, there, "sqeuclidean"))


def _with_one(inputs: np.ndarray) -> np.ndarray:
    return np.column_stack([np.ones(len(inputs)), inputs])
