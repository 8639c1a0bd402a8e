"""Answers that contradict the contract are refused in one sentence, by both clients; right ones are not."""

import itertools

import numpy as np
import pytest
from fakes import BOTH, DESCRIBED, ENCODED, chunk, f4, f8, field, sides, threads

from enf2enf.errors import ServiceError
from enf2enf_protos import surrogate_pb2 as pb

NAN = float("nan")
POINTS = np.zeros((4, 2))
MANY = np.zeros((10_000, 2))


def encode(client):
    return client.encode(b"x", name="vtu")


def decoded(at):
    return lambda client: client.decode(encode(client), {}, at)


def altered(message, **fields):
    made = type(message)()
    made.CopyFrom(message)
    for name in fields:
        made.ClearField(name)
    made.MergeFrom(type(message)(**fields))
    return made


def refused(ask, address, call, sentence=""):
    with pytest.raises(ServiceError) as refusal:
        ask(address, call)
    assert type(refusal.value) is ServiceError and str(refusal.value).startswith("answer: expected ")
    assert "request" in str(refusal.value) and str(refusal.value).isprintable() and sentence in str(refusal.value)


ENCODINGS = {
    "no handle": {"handle": ""},
    "no bounds": {"lower": [], "upper": []},
    "a bound too many": {"lower": [0, 0, 0]},
    "seven dimensions": {"lower": [0] * 7, "upper": [1] * 7},
    "no numbers": {"lower": [NAN, 0]},
    "no end": {"upper": [float("inf"), 1]},
    "reversed": {"lower": [1, 1], "upper": [0, 0]},
    "nodes": {"nodes": -1},
    "cells": {"cells": -1},
    "a wall": {"walls": [pb.Wall(nodes=-5)]},
}


@BOTH
@pytest.mark.parametrize("fault", ENCODINGS)
def test_a_shape_that_is_none(fake, ask, fault):
    fake[0].encoded = lambda context: altered(ENCODED, **ENCODINGS[fault])
    refused(ask, fake[1], encode)


def test_a_shape_of_another_model(fake):
    fake[0].encoded = lambda context: altered(ENCODED, model="other")
    refused(threads, fake[1], lambda c: c.encode(b"x", name="vtu", model="mine"), "a shape of the model 'mine'")


SAMPLES = {  # the place, the chunk, and what its summary says
    "no sides": ("wall", chunk(), {}),
    "a normal too few": ("wall", chunk(**{**sides(), "normals": f8(6)}), {}),
    "half a normal": ("wall", chunk(**{**sides(), "normals": b"abc"}), {}),
    "a length too few": ("wall", chunk(**{**sides(), "lengths": f8(3)}), {}),
    "no lengths": ("wall", chunk(**{**sides(), "lengths": f8(4, NAN)}), {}),
    "lengths of nothing": ("wall", chunk(**{**sides(), "lengths": f8(4, 0.0)}), {}),
    "no normals": ("wall", chunk(**{**sides(), "normals": f8(8, NAN)}), {}),
    "unknown walls": ("wall", chunk(**{**sides(), "walls": np.array([0, 0, 1, 0], "<i4").tobytes()}), {}),
    "walls below 0": ("wall", chunk(**{**sides(), "walls": np.array([0, -1, 0, 0], "<i4").tobytes()}), {}),
    "no nodes": ("nodes", chunk(5), {"points": 5}),
    "a node too few": ("nodes", chunk(5, points=f8(8)), {"points": 5}),
    "nodes nowhere": ("nodes", chunk(5, points=f8(10, NAN)), {"points": 5}),
    "a value too few": (POINTS, chunk(fields=[field(3)]), {}),
    "many values": (POINTS, chunk(fields=[field(9)]), {}),
    "half a value": (POINTS, chunk(fields=[pb.FieldValues(name="p", values=b"abcde", components=1)]), {}),
    "no values": (POINTS, chunk(fields=[field(0)]), {}),
    "no fields": (POINTS, chunk(fields=[]), {}),
    "half a vector": (POINTS, chunk(fields=[pb.FieldValues(name="p", values=f4(7), components=2)]), {}),
    "components below 0": (POINTS, chunk(fields=[pb.FieldValues(name="p", values=f4(8), components=-2)]), {}),
    "a field too wide": (POINTS, chunk(fields=[pb.FieldValues(name="p", values=f4(4), components=1 << 30)]), {}),
    "no whole number of components": (POINTS, chunk(fields=[pb.FieldValues(name="p", values=f4(9))]), {}),
    "a field without a name": (POINTS, chunk(fields=[field(4, "")]), {}),
    "a name of two lines": (POINTS, chunk(fields=[field(4, "a\nb")]), {}),
    "a field twice": (POINTS, chunk(fields=[field(4), field(4)]), {}),
    "another place": (POINTS, chunk(first=7), {}),
    "a point too many": (POINTS, chunk(5), {"points": 5}),
    "points below 0": (POINTS, pb.FieldChunk(count=-4, fields=[field(4)]), {"points": -4}),
    "another number": (POINTS, chunk(), {"points": 3}),
    "more outside than there are": (POINTS, chunk(), {"outside": 5}),
    "outside below 0": (POINTS, chunk(), {"outside": -1}),
    "nothing": (POINTS, None, {}),
    "nothing where nothing is asked": (np.zeros((0, 2)), None, {"points": 0}),
}


@BOTH
@pytest.mark.parametrize("fault", SAMPLES)
def test_values_that_are_none(fake, ask, fault):
    at, wrong, summary = SAMPLES[fault]
    fake[0].sampled = lambda context: pb.SampleResponse(chunk=wrong, summary=pb.Summary(**{"points": 4} | summary))
    refused(ask, fake[1], decoded(at))


@BOTH
def test_right_ones_are_taken(fake, ask):
    """Those of servers before 0.2, too, which do not say how many components there are."""
    for at, right in (
        ("wall", chunk(**sides())), ("nodes", chunk(5, points=f8(10))), (POINTS, chunk()),
        (np.zeros((0, 2)), chunk(0)), (POINTS, chunk(fields=[field(4, components=0), field(4, "u", 2.0, 2)])),
        (POINTS, chunk(fields=[pb.FieldValues(name="p", values=f4(4)), pb.FieldValues(name="u", values=f4(8, 2))])),
    ):  # fmt: skip
        reply = pb.SampleResponse(chunk=right, summary=pb.Summary(points=right.count))
        fake[0].sampled = lambda context, reply=reply: reply
        answer = ask(fake[1], decoded(at))
        assert answer["p"].shape == (right.count,) and (answer["p"] == 1).all()
        if "u" in answer.fields:
            assert answer["u"].shape == (4, 2) and (answer["u"] == 2).all()


def half(first=0, **others):
    return pb.DecodeResponse(chunk=chunk(5000, first, **others))


def end(points=10_000):
    return pb.DecodeResponse(summary=pb.Summary(points=points))


def one(**others):
    return pb.DecodeResponse(chunk=chunk(**others))


A, B = half(), half(5000)
TWO = [field(5000), field(5000, "q")]
STREAMS = {
    "nothing": [],
    "a summary alone": [end()],
    "no summary": [A, B],
    "half of it": [A, end()],
    "two summaries": [A, B, end(), end()],
    "more after the end": [A, B, end(), A],
    "reversed": [B, A, end()],
    "the same twice": [A, A, end()],
    "no fields at last": [A, half(5000, fields=[]), end()],
    "other fields": [A, half(5000, fields=[field(5000, "q")]), end()],
    "more fields": [A, half(5000, fields=TWO), end()],
    "swapped fields": [half(fields=TWO), half(5000, fields=TWO[::-1]), end()],
    "wider fields": [A, half(5000, fields=[field(5000, components=2)]), end()],
    "cut elsewhere": [half(fields=[field(4000)]), half(5000, fields=[field(6000)]), end()],
    "empty messages": [pb.DecodeResponse(), A, B, end()],
    "empty chunks": [one(count=0), A, B, end()],
}


@BOTH
@pytest.mark.parametrize("fault", STREAMS)
def test_streams_that_are_none(fake, ask, fault):
    fake[0].streamed = lambda context: iter(STREAMS[fault])
    refused(ask, fake[1], decoded(MANY))


@BOTH
@pytest.mark.parametrize("part", [A, end(), pb.DecodeResponse(), one(count=0)], ids=["full", "end", "none", "empty"])
def test_a_stream_without_end_is_left_at_once(fake, ask, part):
    sent = itertools.count()

    def endless(context):
        while context.is_active() and next(sent) < 100_000:
            yield part

    fake[0].streamed = endless
    refused(ask, fake[1], decoded(MANY))
    assert next(sent) < 50_000  # gRPC reads ahead


W, E = one(**sides()), end(4)
CONDITIONS = {
    "one too many": [W, E, one(), E, one(), E, one(), E],
    "two of three": [W, E, one(), E],
    "other fields": [W, E, one(fields=[field(4, "q")]), E, one(), E],
    "a value too few": [W, E, one(fields=[field(3)]), E, one(), E],
}


@BOTH
@pytest.mark.parametrize("fault", CONDITIONS)
def test_answers_under_many_conditions_that_are_none(fake, ask, fault):
    fake[0].streamed = lambda context: iter(CONDITIONS[fault])
    refused(ask, fake[1], lambda c: c.predict_many(encode(c), [{}] * 3, "wall"))


@BOTH
def test_right_streams_are_taken(fake, ask):
    told = []
    fake[0].streamed = lambda context: iter([half(fields=TWO), half(5000, fields=TWO), end()])
    answer = ask(fake[1], lambda c: c.decode(encode(c), {}, MANY, progress=lambda *now: told.append(now)))
    assert len(answer["q"]) == 10_000 and told == [(5000, 10_000), (10_000, 10_000)]
    fake[0].streamed = lambda context: iter([W, E, one(), E, one(), E])
    answers = ask(fake[1], lambda c: c.predict_many(encode(c), [{}] * 3, "wall"))
    assert [len(answer.sides.lengths) for answer in answers] == [4] * 3


P = pb.PredictResponse
PREDICTIONS = {
    "no shape": [P(chunk=chunk()), P(summary=pb.Summary(points=4))],
    "the shape at last": [P(chunk=chunk()), P(summary=pb.Summary(points=4)), P(encoded=ENCODED)],
    "two shapes": [P(encoded=ENCODED), P(encoded=ENCODED), P(chunk=chunk()), P(summary=pb.Summary(points=4))],
    "a shape that is none": [P(encoded=altered(ENCODED, lower=[0])), P(chunk=chunk())],
}


@BOTH
@pytest.mark.parametrize("fault", PREDICTIONS)
def test_predictions_that_are_none(fake, ask, fault):
    fake[0].streamed = lambda context: iter(PREDICTIONS[fault])
    refused(ask, fake[1], lambda c: c.predict(b"x", {}, POINTS, name="vtu"))


DESCRIPTIONS = {
    "no card": {"card_json": ""},
    "half a card": {"card_json": "{"},
    "a list": {"card_json": "[1]"},
    "a deep card": {"card_json": "[" * 100_000},
    "a long number": {"card_json": '{"a":' + "9" * 5000 + "}"},
    "no dimension": {"dim": 0},
    "no field": {"fields": []},
    "a field twice": {"fields": [pb.Quantity(name="p", kind=1)] * 2},
    "an unknown transform": {"fields": [pb.Quantity(name="p", kind=1, transform="zz")]},
}


@BOTH
@pytest.mark.parametrize("fault", DESCRIPTIONS)
def test_descriptions_that_are_none(fake, ask, fault):
    fake[0].described = lambda context: altered(DESCRIBED, **DESCRIPTIONS[fault])
    with pytest.raises(ServiceError, match=r"^answer: expected "):
        ask(fake[1], lambda c: c.describe())
