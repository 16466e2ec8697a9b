# SPDX-License-Identifier: MIT
"""What bench/run measures, a module per question."""
