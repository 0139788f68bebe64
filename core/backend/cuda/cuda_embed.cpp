// SPDX-License-Identifier: Apache-2.0
// The embedding and the cache's new rows.
#include <algorithm>

#include "core/backend/cuda/cuda_backend.h"
#include "core/backend/cuda/kernels/table.h"

namespace distillix::cuda {

std::size_t embedWorkspaceBytes(const CudaContext&, const Workload& workload, Precision) {
    if (!workload.training) return 0;
    const auto rows = static_cast<std::size_t>(std::min(workload.rows, kEmbedBackwardRows));
    return 2 * Scratch::bytes<unsigned>(static_cast<std::size_t>(workload.vocabulary)) +
           2 * Scratch::bytes<unsigned>(rows);
}

Result<void> CudaBackend::embed(const Exec& exec, const EmbedArgs& args) {
    TRY_VOID(checkArguments(args));
    if (args.rows == 0) return {};
    TRY_VOID(enter());
    if (!args.table)
        return named("embed", launchTableEmbed(deviceTable(args.quantized), address(args.ids), args.rows,
                                               address(args.out), exec.stream.handle));
    return named("embed", launchEmbed(address(args.ids), address(args.table), address(args.out), args.rows, args.width,
                                      args.vocabulary, exec.stream.handle));
}

Result<void> CudaBackend::embedBackward(const Exec& exec, const EmbedBackwardArgs& args) {
    TRY_VOID(checkArguments(args));
    TRY_VOID(enter());
    const auto vocabulary = static_cast<std::size_t>(args.vocabulary);
    for (int first = 0; first < args.rows; first += kEmbedBackwardRows) {
        const int rows = std::min(kEmbedBackwardRows, args.rows - first);
        Scratch scratch(exec);
        EmbedScratch pieces;
        pieces.counts = scratch.take<unsigned>(vocabulary);
        pieces.offsets = scratch.take<unsigned>(vocabulary);
        pieces.ranks = scratch.take<unsigned>(static_cast<std::size_t>(rows));
        pieces.buckets = scratch.take<unsigned>(static_cast<std::size_t>(rows));
        if (!pieces.counts || !pieces.offsets || !pieces.ranks || !pieces.buckets)
            return scratch.tooSmall("embedBackward");
        TRY_VOID(device::fill(exec.stream.handle, pieces.counts, 0, vocabulary * sizeof(unsigned)));
        TRY_VOID(named("embedBackward",
                       launchEmbedBackward(
                           address(args.ids) + first,
                           address(args.dOut) + static_cast<std::size_t>(first) * static_cast<std::size_t>(args.width),
                           address(args.dTable), rows, args.width, args.vocabulary, pieces, exec.stream.handle)));
    }
    return {};
}

Result<void> CudaBackend::kvAppend(const Exec& exec, const KvAppendArgs& args) {
    TRY_VOID(checkArguments(args, m_context.types()));
    if (args.batch == 0 || args.tokens == 0) return {};
    TRY_VOID(enter());
    KvAppend a{};
    a.batch = args.batch;
    a.tokens = args.tokens;
    a.kvHeads = args.kvHeads;
    a.headDim = args.headDim;
    a.capacity = args.cache.capacity;
    a.k = constValues(args.k);
    a.v = constValues(args.v);
    a.kStride = args.kStride;
    a.vStride = args.vStride;
    a.past = address(args.past);
    a.keys = args.cache.keys.data.backendAddress();
    a.values = args.cache.values.data.backendAddress();
    a.keyScales = address(args.cache.keyScales);
    a.valueScales = address(args.cache.valueScales);
    a.type = args.cache.keys.type;
    return named("kvAppend", launchKvAppend(a, exec.stream.handle));
}

}  // namespace distillix::cuda
