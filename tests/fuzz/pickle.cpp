// SPDX-License-Identifier: Apache-2.0
// The pickle alone: within a zip its checksum would stop most of what a fuzzer tries.
#include "core/formats/pickle.h"

#include "tests/fuzz/fuzz.h"

using namespace distillix;

FUZZ_TARGET(pickle) {
    const auto tree = readPickle(bytes);
    if (!tree.ok()) return;
    fuzz::require(tree->root < tree->nodes.size(), "the root is a node");
    for (const PickleNode& node : tree->nodes) {
        for (const std::uint32_t item : node.items) fuzz::require(item < tree->nodes.size(), "an item is a node");
        if (node.kind == PickleNode::Kind::Dict) fuzz::require(node.items.size() % 2 == 0, "a key has its value");
        if (node.kind == PickleNode::Kind::Call) fuzz::require(node.items.size() == 2, "a call has its arguments");
        if (node.kind == PickleNode::Kind::Persistent) fuzz::require(node.items.size() == 1, "an id is one value");
    }
}
