"""Questions and answers of the Open Inference Protocol, put together and taken apart by hand."""

import struct

import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from enf2enf_protos import open_inference_pb2 as oip

Input = oip.ModelInferRequest.InferInputTensor
LOADS = {"load": np.array([30.0, 90.0]), "heat": np.array([300.0])}  # CONDITIONS of conftest as tensors


def typed(name, value):
    """An input whose elements are numbers of the message."""
    if isinstance(value, bytes):
        return Input(name=name, datatype="BYTES", shape=[1], contents={"bytes_contents": [value]})
    return Input(name=name, datatype="FP64", shape=value.shape, contents={"fp64_contents": value.ravel().tolist()})


def request(outputs=(), raw=False, parameters=None, model="tiny", version="", **tensors):
    """A question; `raw`: with its elements as raw bytes."""
    inputs = [typed(name, value) for name, value in tensors.items()]
    asked = oip.ModelInferRequest(model_name=model, model_version=version, inputs=inputs)
    asked.outputs.extend(oip.ModelInferRequest.InferRequestedOutputTensor(name=name) for name in outputs)
    for name, value in (parameters or {}).items():
        asked.parameters[name].string_param = value
    if raw:
        for sent, value in zip(asked.inputs, tensors.values(), strict=True):
            sent.ClearField("contents")
            is_bytes = isinstance(value, bytes)
            asked.raw_input_contents.append(
                struct.pack("<I", len(value)) + value if is_bytes else value.astype("<f8").tobytes()
            )
    return asked


def arrays(reply):
    """The outputs of an answer, by name."""
    read = {}
    for output, raw in zip(reply.outputs, reply.raw_output_contents, strict=True):
        if output.datatype == "BYTES":
            assert struct.unpack("<I", raw[:4]) == (len(raw) - 4,)
            read[output.name] = raw[4:]
        else:
            assert output.datatype == "FP32"
            read[output.name] = np.frombuffer(raw, "<f4").reshape(output.shape)
    return read


def refusal(stub, asked):
    """The code and the sentence with which a question is refused; the details must say the same."""
    with pytest.raises(grpc.RpcError) as caught:
        stub.ModelInfer(asked, timeout=60)
    info = error_details_pb2.ErrorInfo()
    assert rpc_status.from_call(caught.value).details[0].Unpack(info) and info.domain == "enf2enf"
    parts = info.metadata
    assert caught.value.details() == f"{parts['name']}: expected {parts['expected']}, got {parts['got']}"
    return caught.value.code(), caught.value.details()
