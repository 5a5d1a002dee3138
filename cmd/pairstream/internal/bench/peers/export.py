"""Writes a CLIP in open_clip's layout as ONNX, as its exports usually are, and again with weights in int8.

Products of inputs with weights are MatMul; queries, keys and values come out of one. The int8 models are what
onnxruntime.quantization.quantize_dynamic makes of the others: weights once, activations while it runs.
"""

import json
import os

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file


class Graph:
    def __init__(self, weights):
        self.weights, self.nodes, self.initializers, self.count = weights, [], [], 0

    def constant(self, value):
        self.count += 1
        name = f"c{self.count}"
        self.initializers.append(numpy_helper.from_array(np.array(value, order="C"), name))
        return name

    def weight(self, name, transpose=False):
        value = self.weights[name]
        return self.constant(value.T if transpose else value)

    def integers(self, *values):
        return self.constant(np.array(values, np.int64))

    def op(self, kind, *inputs, outputs=1, **attributes):
        self.count += 1
        names = [f"t{self.count}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names[0] if outputs == 1 else names

    def linear(self, x, weight, bias):
        return self.op("Add", self.op("MatMul", x, self.weight(weight, transpose=True)), self.weight(bias))

    def norm(self, x, name):
        return self.op("LayerNormalization", x, self.weight(name + ".weight"), self.weight(name + ".bias"), axis=-1, epsilon=1e-5)

    def block(self, x, name, heads, quick, mask=None):
        width = self.weights[name + ".ln_1.weight"].shape[0]
        split = self.integers(0, 0, heads, width // heads)
        qkv = self.linear(self.norm(x, name + ".ln_1"), name + ".attn.in_proj_weight", name + ".attn.in_proj_bias")
        q, k, v = self.op("Split", qkv, self.integers(width, width, width), outputs=3, axis=-1)
        q = self.op("Mul", q, self.constant(np.float32((width // heads) ** -0.5)))
        q = self.op("Transpose", self.op("Reshape", q, split), perm=[0, 2, 1, 3])
        k = self.op("Transpose", self.op("Reshape", k, split), perm=[0, 2, 3, 1])
        v = self.op("Transpose", self.op("Reshape", v, split), perm=[0, 2, 1, 3])
        a = self.op("MatMul", q, k)
        if mask:
            a = self.op("Add", a, mask)
        a = self.op("MatMul", self.op("Softmax", a, axis=-1), v)
        a = self.op("Reshape", self.op("Transpose", a, perm=[0, 2, 1, 3]), self.integers(0, 0, width))
        x = self.op("Add", x, self.linear(a, name + ".attn.out_proj.weight", name + ".attn.out_proj.bias"))
        h = self.linear(self.norm(x, name + ".ln_2"), name + ".mlp.c_fc.weight", name + ".mlp.c_fc.bias")
        if quick:
            h = self.op("Mul", h, self.op("Sigmoid", self.op("Mul", h, self.constant(np.float32(1.702)))))
        else:
            h = self.op("Gelu", h)
        return self.op("Add", x, self.linear(h, name + ".mlp.c_proj.weight", name + ".mlp.c_proj.bias"))

    def save(self, path, output, kind, shape, embed):
        self.nodes.append(helper.make_node("Identity", [output], ["y"]))
        graph = helper.make_graph(
            self.nodes,
            "clip",
            [helper.make_tensor_value_info("x", kind, shape)],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", embed])],
            self.initializers,
        )
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9), path)


def image(weights, config, path):
    g = Graph(weights)
    vision = config["vision_cfg"]
    size, patch, width = vision["image_size"], vision["patch_size"], vision["width"]
    x = g.op("Conv", "x", g.weight("visual.conv1.weight"), kernel_shape=[patch, patch], strides=[patch, patch])
    x = g.op("Transpose", g.op("Reshape", x, g.integers(0, width, -1)), perm=[0, 2, 1])
    n = g.op("Slice", g.op("Shape", "x"), g.integers(0), g.integers(1))
    token = g.op("Expand", g.weight("visual.class_embedding"), g.op("Concat", n, g.integers(1, width), axis=0))
    x = g.op("Add", g.op("Concat", token, x, axis=1), g.weight("visual.positional_embedding"))
    x = g.norm(x, "visual.ln_pre")
    for i in range(vision["layers"]):
        x = g.block(x, f"visual.transformer.resblocks.{i}", width // vision["head_width"], config["quick_gelu"])
    x = g.norm(g.op("Gather", x, g.constant(np.int64(0)), axis=1), "visual.ln_post")
    y = g.op("MatMul", x, g.weight("visual.proj"))
    g.save(path, y, TensorProto.FLOAT, ["n", 3, size, size], config["embed_dim"])


def text(weights, config, path, length):
    """length is that of all rows, or None for rows as long as their batch's longest."""
    g = Graph(weights)
    tower = config["text_cfg"]
    context = tower["context_length"]
    mask = np.triu(np.full((context, context), -np.inf, np.float32), 1)
    if length:
        positions, mask = g.constant(weights["positional_embedding"][:length]), g.constant(mask[:length, :length])
    else:
        end = g.op("Slice", g.op("Shape", "x"), g.integers(1), g.integers(2))
        positions = g.op("Slice", g.weight("positional_embedding"), g.integers(0), end)
        mask = g.op("Slice", g.constant(mask), g.integers(0, 0), g.op("Concat", end, end, axis=0))
    x = g.op("Add", g.op("Gather", g.weight("token_embedding.weight"), "x", axis=0), positions)
    for i in range(tower["layers"]):
        x = g.block(x, f"transformer.resblocks.{i}", tower["heads"], config["quick_gelu"], mask)
    last = g.op("ArgMax", "x", axis=1, keepdims=1)
    x = g.norm(g.op("GatherND", x, last, batch_dims=1), "ln_final")
    y = g.op("MatMul", x, g.weight("text_projection"))
    g.save(path, y, TensorProto.INT64, ["n", length or "length"], config["embed_dim"])


def export(model, into):
    """Writes the exports of an open_clip directory, where they are not there yet: {image,text,text77}.{f32,int8}.onnx."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    done = os.path.join(into, "done")
    if os.path.exists(done):
        return
    os.makedirs(into, exist_ok=True)
    with open(os.path.join(model, "open_clip_config.json")) as f:
        config = json.load(f)["model_cfg"]
    config["vision_cfg"].setdefault("head_width", 64)
    config.setdefault("quick_gelu", False)
    weights = load_file(os.path.join(model, "open_clip_model.safetensors"))
    path = lambda name, kind: os.path.join(into, f"{name}.{kind}.onnx")
    image(weights, config, path("image", "f32"))
    text(weights, config, path("text", "f32"), None)
    text(weights, config, path("text77", "f32"), config["text_cfg"]["context_length"])
    for name in "image", "text", "text77":
        # Convolutions stay in float32: those of integers are slower.
        quantize_dynamic(path(name, "f32"), path(name, "int8"), op_types_to_quantize=["MatMul"], weight_type=QuantType.QInt8)
    open(done, "w").close()
