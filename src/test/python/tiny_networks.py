"""Writes the networks and the package that the tests of `io.github.tweedie.model` read.

    python src/test/python/tiny_networks.py

Every pixel of their data is Gaussian with mean 0.25 and standard deviation 0.5, so what a perfect network would say
has a closed form; each file says it in another way. Needs numpy, onnx and pyyaml.
"""
import hashlib
import pathlib

import numpy as np
import onnx
import yaml
from onnx import TensorProto, helper, numpy_helper

MEAN, VARIANCE = 0.25, 0.25
FOLDER = pathlib.Path(__file__).parents[1] / "resources" / "io" / "github" / "tweedie" / "model"


def network(prediction, time="sigma", shape=("N", "C", "Y", "X"), means=None, name="denoised"):
    """x, sigma (and label) -> the prediction, from the marginal N(mean, variance + sigma^2) of a pixel."""
    constant = lambda name, value, kind=np.float32: numpy_helper.from_array(np.array(value, kind), name)
    node, nodes = helper.make_node, []
    constants = [constant("variance", VARIANCE), constant("four", 4), constant("zero", 0), constant("limit", 1000),
                 constant("plane", [-1, 1, 1, 1], np.int64)]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape),
              helper.make_tensor_value_info(time, TensorProto.FLOAT, shape[:1])]
    if means:
        constants.append(constant("means", means))
        inputs.append(helper.make_tensor_value_info("label", TensorProto.INT64, shape[:1]))
        nodes += [node("Gather", ["means", "label"], ["chosen"]), node("Reshape", ["chosen", "plane"], ["mean"])]
    else:
        constants.append(constant("mean", MEAN))
    if time == "c_noise":
        nodes += [node("Mul", [time, "four"], ["log"]), node("Exp", ["log"], ["s"])]
    else:
        nodes += [node("Identity", [time], ["s"])]
    nodes += [node("Reshape", ["s", "plane"], ["sigma_"]), node("Mul", ["sigma_", "sigma_"], ["square"]),
              node("Add", ["square", "variance"], ["total"]), node("Sub", ["x", "mean"], ["centred"]),
              node("Div", ["centred", "total"], ["scaled"])]
    if prediction == "denoised":
        nodes += [node("Mul", ["scaled", "variance"], ["signal"]), node("Add", ["signal", "mean"], ["result"])]
    elif prediction == "epsilon":
        nodes += [node("Mul", ["scaled", "sigma_"], ["result"])]
    elif prediction == "score":
        nodes += [node("Neg", ["scaled"], ["result"])]
    elif prediction == "nan":  # for pixels of more than 1000
        nodes += [node("Sub", ["limit", "x"], ["room"]), node("Sqrt", ["room"], ["root"]),
                  node("Mul", ["root", "zero"], ["nothing"]), node("Add", ["nothing", "x"], ["result"])]
    nodes.append(node("Identity", ["result"], [name]))
    used = {name for n in nodes for name in n.input}
    constants = [c for c in constants if c.name in used]
    graph = helper.make_graph(nodes, "gaussian", inputs, [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)],
                              constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="tweedie")
    onnx.checker.check_model(model)
    return model


def save(model, file):
    onnx.save(model, file)
    return hashlib.sha256(file.read_bytes()).hexdigest()


def package(folder):
    folder.mkdir(parents=True, exist_ok=True)
    digest = save(network("denoised"), folder / "model.onnx")
    x = np.random.default_rng(1).standard_normal((1, 1, 8, 8)).astype(np.float32)
    sigma = np.full(1, 0.4, np.float32)
    expected = (x * np.float32(VARIANCE) + MEAN * sigma ** 2) / (VARIANCE + sigma ** 2)
    tensors = {}
    for name, a in ("input", x), ("sigma", sigma), ("output", expected.astype(np.float32)):
        file = folder / f"test_{name}.npy"
        np.save(file, a)
        tensors[name] = dict(source=file.name, sha256=hashlib.sha256(file.read_bytes()).hexdigest())
    axes = lambda: [dict(type="batch"), dict(type="channel", channel_names=["intensity"]),
                    *[dict(type="space", id=i, size=dict(min=4, step=4)) for i in "yx"]]
    (folder / "rdf.yaml").write_text(yaml.safe_dump(dict(
        format_version="0.5.4", type="model", name="gaussian", version="1.0.0", license="CC0-1.0",
        description="Pixels that are Gaussian and independent.", documentation="README.md",
        authors=[dict(name="The Tweedie developers")],
        inputs=[dict(id="x", axes=axes(), data=dict(type="float32"), test_tensor=tensors["input"]),
                dict(id="sigma", axes=[dict(type="batch")], data=dict(type="float32"), test_tensor=tensors["sigma"])],
        outputs=[dict(id="denoised", axes=axes(), data=dict(type="float32"), test_tensor=tensors["output"])],
        weights=dict(onnx=dict(source="model.onnx", sha256=digest, opset_version=17)),
        config=dict(tweedie=dict(
            sde="edm", prediction_type="denoised", time_input="sigma", data_range=[-1.0, 1.0], sigma_data=0.5,
            sigma_min=0.01, sigma_max=20.0, class_names=[], size_step=4, receptive_radius=0, pixel_size=None,
            precision="float32"))), sort_keys=False), encoding="utf-8")


def main():
    package(FOLDER / "gaussian")
    save(network("epsilon"), FOLDER / "epsilon.onnx")
    save(network("score"), FOLDER / "score.onnx")
    save(network("epsilon", time="c_noise"), FOLDER / "epsilon_c_noise.onnx")
    save(network("denoised", means=[-0.5, 0.5, MEAN]), FOLDER / "classes.onnx")
    save(network("nan"), FOLDER / "nan.onnx")
    save(network("denoised", shape=(1, 1, 32, 32)), FOLDER / "fixed_size.onnx")


if __name__ == "__main__":
    main()
