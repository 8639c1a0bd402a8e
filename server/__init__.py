"""The gRPC server of a surrogate.

A request comes in at the `gate`, is taken apart in `wire` and computed in `compute`, which has meshes read by
`parsing`; all of them use `ops`. Imports go this way alone.
"""
