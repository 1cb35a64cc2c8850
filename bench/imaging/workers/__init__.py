"""The contenders: one file each, run as a process of its own in an environment of its own.

Everything here must run where nothing but the contender itself is installed.
"""
