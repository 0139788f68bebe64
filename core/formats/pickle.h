// SPDX-License-Identifier: Apache-2.0
// The little of Python's pickle that a PyTorch state dict needs, read as data. Nothing is ever imported, called or
// built: a name is compared with a list, and what would be a call becomes a node of a tree. pt.md tells the list.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/tensor/dtype.h"

namespace distillix {

/// The names that a pickle may refer to.
enum class PickleName : std::uint8_t {
    OrderedDict,       ///< collections.OrderedDict
    RebuildTensor,     ///< torch._utils._rebuild_tensor_v2
    RebuildParameter,  ///< torch._utils._rebuild_parameter
    Storage            ///< torch.FloatStorage and its like; `type` says which
};

/// One value. Lists, tuples and dicts hold indices into PickleTree::nodes, so a value that is referred to twice (or
/// holds itself) costs nothing and is never walked here.
struct PickleNode {
    enum class Kind : std::uint8_t {
        None,
        Bool,
        Integer,
        Real,
        Text,
        Tuple,
        List,
        Dict,        ///< items: key, value, key, value, …
        Name,        ///< one of PickleName
        Persistent,  ///< items: the id (a storage's description)
        Call         ///< items: the Name, the argument tuple; RebuildTensor or RebuildParameter
    };
    Kind kind = Kind::None;
    PickleName name = PickleName::OrderedDict;
    DType type = DType::F32;   ///< of a Storage
    std::int64_t integer = 0;  ///< of a Bool 0 or 1
    double real = 0;
    std::string text;
    std::vector<std::uint32_t> items;
};

struct PickleTree {
    std::vector<PickleNode> nodes;
    std::uint32_t root = 0;
    const PickleNode& at(std::uint32_t index) const { return nodes[index]; }
};

/// InvalidData names the byte and what is wrong; Unsupported names an opcode or a name that is not on the list.
Result<PickleTree> readPickle(std::string_view bytes);

/// Writes the same opcodes, in the order that torch.save uses, without a memo.
class PickleWriter {
  public:
    PickleWriter();  ///< protocol 2
    void emptyOrderedDict();
    void mark() { m_bytes += '('; }
    void text(std::string_view value);
    void integer(std::int64_t value);
    void boolean(bool value) { m_bytes += value ? '\x88' : '\x89'; }
    void name(std::string_view module, std::string_view attribute);
    void tuple() { m_bytes += 't'; }                      ///< of everything since the last mark
    void integers(std::span<const std::int64_t> values);  ///< as a tuple
    void persistent() { m_bytes += 'Q'; }
    void call() { m_bytes += 'R'; }
    void setItems() { m_bytes += 'u'; }
    std::string finish() {
        m_bytes += '.';
        return std::move(m_bytes);
    }

  private:
    std::string m_bytes;
};

}  // namespace distillix
