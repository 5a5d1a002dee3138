"""ONNX Runtime on the CPU."""

import os

from serve import serve


def load():
    import numpy as np
    import onnx
    import onnxruntime as ort
    from export import export

    sessions = {}

    def session(args):
        export(args["model"], args["exports"])
        key = args["file"], args["threads"]
        if key not in sessions:
            options = ort.SessionOptions()
            options.intra_op_num_threads = args["threads"]
            options.inter_op_num_threads = 1
            options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
            sessions[key] = ort.InferenceSession(os.path.join(args["exports"], args["file"]), options, providers=["CPUExecutionProvider"])
        return sessions[key]

    def image(args):
        s = session(args)
        x = np.fromfile(args["pixels"], "<f4").reshape(-1, 3, args["size"], args["size"])[: args["batch"]]
        return lambda: s.run(["y"], {"x": x})[0]

    def text(args):
        s = session(args)
        x = np.fromfile(args["tokens"], "<f4").astype(np.int64).reshape(-1, args["batch"], args["context"])
        if args["cut"]:
            x = [np.ascontiguousarray(b[:, : b.argmax(1).max() + 1]) for b in x]
        return lambda: np.concatenate([s.run(["y"], {"x": b})[0] for b in x])

    return {"onnxruntime": ort.__version__, "onnx": onnx.__version__}, {"image": image, "text": text}, sessions.clear


serve(load)
