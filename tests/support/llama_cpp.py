# SPDX-License-Identifier: Apache-2.0
"""Stock llama.cpp through its own C interface: the library inside the PyPI package xllamacpp, whose wheels run on any x86-64 Linux
with AVX2 and export llama.h's functions. The few fields of its structures that are set here are found by their known defaults,
so that a version with another layout is noticed."""
import ctypes
import glob
import importlib.util
import os

import numpy as np

_folder = importlib.util.find_spec("xllamacpp")
if _folder is None:
    raise ImportError("the package xllamacpp is not installed")
lib = ctypes.CDLL(glob.glob(os.path.join(os.path.dirname(_folder.origin), "xllamacpp*.so"))[0])


class Params(ctypes.Structure):
    """llama_model_params or llama_context_params with room to spare: it is passed on the stack, where more does no harm."""
    _fields_ = [("word", ctypes.c_int32 * 128)]


class Batch(ctypes.Structure):
    _fields_ = [("n_tokens", ctypes.c_int32), ("token", ctypes.POINTER(ctypes.c_int32)), ("embd", ctypes.c_void_p),
                ("pos", ctypes.POINTER(ctypes.c_int32)), ("n_seq_id", ctypes.POINTER(ctypes.c_int32)),
                ("seq_id", ctypes.POINTER(ctypes.POINTER(ctypes.c_int32))), ("logits", ctypes.POINTER(ctypes.c_int8))]


LOG = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
_messages = []
_log = LOG(lambda level, text, user: _messages.append(text.decode("utf-8", "replace")))

P, I = ctypes.c_void_p, ctypes.c_int32
for name, result, arguments in (
        ("llama_backend_init", None, []), ("llama_log_set", None, [LOG, P]),
        ("llama_model_default_params", Params, []), ("llama_context_default_params", Params, []),
        ("llama_model_load_from_file", P, [ctypes.c_char_p, Params]), ("llama_init_from_model", P, [P, Params]),
        ("llama_model_get_vocab", P, [P]), ("llama_vocab_n_tokens", I, [P]), ("llama_get_memory", P, [P]),
        ("llama_memory_clear", None, [P, ctypes.c_bool]), ("llama_set_n_threads", None, [P, I, I]),
        ("llama_tokenize", I, [P, ctypes.c_char_p, I, ctypes.POINTER(I), I, ctypes.c_bool, ctypes.c_bool]),
        ("llama_batch_init", Batch, [I, I, I]), ("llama_batch_free", None, [Batch]), ("llama_decode", I, [P, Batch]),
        ("llama_get_logits", ctypes.POINTER(ctypes.c_float), [P]), ("llama_free", None, [P]), ("llama_model_free", None, [P])):
    function = getattr(lib, name)
    function.restype, function.argtypes = result, arguments

# llama_context_params by words of four bytes: n_ctx, n_batch, n_ubatch; flash_attn_type; type_k, type_v.
_N_CTX, _N_BATCH, _N_UBATCH, _FLASH, _TYPE_K, _TYPE_V = 0, 1, 2, 13, 26, 27
_defaults = list(lib.llama_context_default_params().word)
if _defaults[:3] != [512, 2048, 512] or _defaults[10:14] != [-1] * 4 or _defaults[24:30] != [0, 0, 1, 1, 0, 0]:
    raise ImportError(f"this xllamacpp has another llama_context_params: {_defaults[:40]}")
lib.llama_log_set(_log, None)
lib.llama_backend_init()


class LlamaCpp:
    """One model with a context of `context` tokens. `exact`: keys and values in float32 and plain attention, so that all that differs
    is the products; otherwise llama.cpp's own choices (a cache in half precision)."""

    def __init__(self, path, context, threads=2, exact=False):
        _messages.clear()
        self.model = lib.llama_model_load_from_file(str(path).encode(), lib.llama_model_default_params())
        if not self.model:
            raise RuntimeError(f"llama.cpp does not load {path}:\n" + "".join(_messages[-30:]))
        params = lib.llama_context_default_params()
        params.word[_N_CTX] = params.word[_N_BATCH] = params.word[_N_UBATCH] = context
        if exact:
            params.word[_FLASH] = params.word[_TYPE_K] = params.word[_TYPE_V] = 0
        self.context = lib.llama_init_from_model(self.model, params)
        if not self.context:
            raise RuntimeError("llama.cpp makes no context:\n" + "".join(_messages[-30:]))
        lib.llama_set_n_threads(self.context, threads, threads)
        self.vocab = lib.llama_model_get_vocab(self.model)
        self.n_vocab = lib.llama_vocab_n_tokens(self.vocab)

    def tokenize(self, text, bos=False, special=False):
        data = text.encode() if isinstance(text, str) else text
        room = len(data) + 16
        out = (I * room)()
        count = lib.llama_tokenize(self.vocab, data, len(data), out, room, bos, special)
        assert count >= 0, count
        return list(out[:count])

    def forget(self):
        lib.llama_memory_clear(lib.llama_get_memory(self.context), True)

    def feed(self, ids, start=0, every=True):
        """Logits [len(ids), V] behind each token, or [1, V] behind the last."""
        n = len(ids)
        batch = lib.llama_batch_init(n, 0, 1)
        for i, token in enumerate(ids):
            batch.token[i] = int(token)
            batch.pos[i] = start + i
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = 0
            batch.logits[i] = 1 if every or i == n - 1 else 0
        batch.n_tokens = n
        status = lib.llama_decode(self.context, batch)
        if status != 0:
            raise RuntimeError(f"llama_decode returns {status}:\n" + "".join(_messages[-10:]))
        rows = n if every else 1
        logits = np.ctypeslib.as_array(lib.llama_get_logits(self.context), (rows, self.n_vocab)).copy()
        lib.llama_batch_free(batch)
        return logits

    def close(self):
        lib.llama_free(self.context)
        lib.llama_model_free(self.model)


def version():
    import importlib.metadata
    return f"of xllamacpp {importlib.metadata.version('xllamacpp')}"
