"""Statecharts: what a procedure is made of, and how it takes a step."""
