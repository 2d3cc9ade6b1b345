"""Answers drawn from a stated population: for any instrument, and the populations of published studies.

What comes out is what a file would hold: raw codes under the instrument's ids, reversed items reversed,
silence as the instrument's own codes. Such data are for demonstrations and tests, and are called simulated.
"""

from csat.simulate.drawing import population, simulate
from csat.simulate.structure import PLANTED
from csat.simulate.studies import RECIPES, Recipe

__all__ = ["PLANTED", "RECIPES", "Recipe", "population", "simulate"]
