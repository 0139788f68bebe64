// SPDX-License-Identifier: Apache-2.0
#include "core/formats/pickle.h"

#include <cstring>
#include <exception>
#include <unordered_map>

#include "core/base/utf8.h"

namespace distillix {
namespace {

using Kind = PickleNode::Kind;

// Far above any state dict (a thousand tensors take 30 thousand values), far below what would hurt.
constexpr std::size_t kLargestPickle = std::size_t{64} << 20;
constexpr std::size_t kMostNodes = std::size_t{1} << 21;

struct StorageName {
    std::string_view name;
    DType type;
};
constexpr StorageName kStorages[] = {
    {"FloatStorage", DType::F32},  {"HalfStorage", DType::F16}, {"BFloat16Storage", DType::BF16},
    {"DoubleStorage", DType::F64}, {"CharStorage", DType::I8},  {"ByteStorage", DType::U8},
    {"IntStorage", DType::I32},    {"LongStorage", DType::I64}, {"BoolStorage", DType::U8}};

class PickleMachine {
  public:
    explicit PickleMachine(std::string_view bytes) : m_bytes(bytes) {}

    Result<PickleTree> run() {
        if (m_bytes.size() > kLargestPickle)
            return makeError(ErrorCode::InvalidData,
                             "its pickle of " + std::to_string(m_bytes.size()) + " bytes is over the limit of 64 MiB");
        while (true) {
            m_opcodeAt = m_at;
            if (m_at == m_bytes.size()) return bad("ends without its STOP");
            const auto opcode = static_cast<unsigned char>(m_bytes[m_at++]);
            if (opcode == '.') break;
            TRY_VOID(step(opcode));
        }
        if (m_stack.size() != 1 || !m_marks.empty())
            return bad("ends with " + std::to_string(m_stack.size()) + " values on its stack instead of one");
        if (m_at != m_bytes.size()) return bad("has bytes behind its STOP");
        m_tree.root = m_stack.back();
        return std::move(m_tree);
    }

  private:
    Error bad(const std::string& what) const {
        return makeError(ErrorCode::InvalidData, "the pickle " + what, "byte " + std::to_string(m_opcodeAt));
    }

    Result<std::string_view> take(std::uint64_t count) {
        if (count > m_bytes.size() - m_at) return bad("is cut short");
        const std::string_view taken = m_bytes.substr(m_at, static_cast<std::size_t>(count));
        m_at += static_cast<std::size_t>(count);
        return taken;
    }
    /// An unsigned little-endian number of 1, 2 or 4 bytes.
    Result<std::uint32_t> number(std::size_t width) {
        const std::string_view taken = TRY(take(width));
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < width; ++i) value |= std::uint32_t{static_cast<unsigned char>(taken[i])} << (8 * i);
        return value;
    }
    Result<std::string_view> line() {
        const auto end = m_bytes.find('\n', m_at);
        if (end == std::string_view::npos) return bad("is cut short");
        const std::string_view taken = m_bytes.substr(m_at, end - m_at);
        m_at = end + 1;
        return taken;
    }

    Result<void> push(PickleNode node) {
        if (m_tree.nodes.size() >= kMostNodes) return bad("holds over two million values");
        m_stack.push_back(static_cast<std::uint32_t>(m_tree.nodes.size()));
        m_tree.nodes.push_back(std::move(node));
        return {};
    }
    Result<void> pushInteger(std::int64_t value) {
        PickleNode node;
        node.kind = Kind::Integer;
        node.integer = value;
        return push(std::move(node));
    }
    Result<void> pushKind(Kind kind, std::int64_t integer = 0) {
        PickleNode node;
        node.kind = kind;
        node.integer = integer;
        return push(std::move(node));
    }
    /// The stack above the last mark is all that an opcode may take from.
    std::size_t within() const { return m_stack.size() - (m_marks.empty() ? 0 : m_marks.back()); }
    Result<std::uint32_t> pop() {
        if (within() == 0) return bad("takes a value from an empty stack");
        const std::uint32_t top = m_stack.back();
        m_stack.pop_back();
        return top;
    }
    Result<std::vector<std::uint32_t>> popToMark() {
        if (m_marks.empty()) return bad("takes values up to a mark that was never set");
        std::vector<std::uint32_t> items(m_stack.begin() + static_cast<std::ptrdiff_t>(m_marks.back()), m_stack.end());
        m_stack.resize(m_marks.back());
        m_marks.pop_back();
        return items;
    }
    /// The value that SETITEM, APPEND and BUILD change; it stays on the stack.
    Result<PickleNode*> top(Kind kind, const char* what) {
        if (within() == 0 || m_tree.nodes[m_stack.back()].kind != kind)
            return bad(std::string("changes something that is no ") + what);
        return &m_tree.nodes[m_stack.back()];
    }
    Result<void> pushTuple(std::vector<std::uint32_t> items) {
        PickleNode node;
        node.kind = Kind::Tuple;
        node.items = std::move(items);
        return push(std::move(node));
    }
    Result<void> pushTupleOf(std::size_t count) {
        std::vector<std::uint32_t> items(count);
        for (std::size_t i = count; i-- > 0;) items[i] = TRY(pop());
        return pushTuple(std::move(items));
    }
    Result<void> remember(std::uint32_t slot) {
        if (within() == 0) return bad("remembers a value of an empty stack");
        m_memo[slot] = m_stack.back();
        return {};
    }
    Result<void> recall(std::uint32_t slot) {
        const auto found = m_memo.find(slot);
        if (found == m_memo.end()) return bad("recalls the value " + std::to_string(slot) + ", which was never stored");
        // Bounded by the pickle's own bytes: each recall takes two of them.
        m_stack.push_back(found->second);
        return {};
    }

    Result<void> readName() {
        const std::string_view module = TRY(line()), attribute = TRY(line());
        PickleNode node;
        node.kind = Kind::Name;
        if (module == "collections" && attribute == "OrderedDict") {
            node.name = PickleName::OrderedDict;
            return push(std::move(node));
        }
        if (module == "torch._utils" && attribute == "_rebuild_tensor_v2") {
            node.name = PickleName::RebuildTensor;
            return push(std::move(node));
        }
        if (module == "torch._utils" && attribute == "_rebuild_parameter") {
            node.name = PickleName::RebuildParameter;
            return push(std::move(node));
        }
        if (module == "torch") {
            for (const auto& storage : kStorages) {
                if (attribute != storage.name) continue;
                node.name = PickleName::Storage;
                node.type = storage.type;
                return push(std::move(node));
            }
        }
        const std::string full = std::string(module.substr(0, 80)) + "." + std::string(attribute.substr(0, 80));
        return makeError(ErrorCode::Unsupported,
                         "the pickle asks for \"" + utf8Replaced(full) +
                             "\", which is not on the list of what a state dict needs, so it is not read; save the "
                             "state dict alone: torch.save(model.state_dict(), FILE)",
                         "byte " + std::to_string(m_opcodeAt));
    }

    Result<void> call() {
        const std::uint32_t arguments = TRY(pop()), callable = TRY(pop());
        if (m_tree.at(callable).kind != Kind::Name || m_tree.at(arguments).kind != Kind::Tuple)
            return bad("calls something that is no name on the list");
        PickleNode node;
        switch (m_tree.at(callable).name) {
            case PickleName::OrderedDict:
                if (!m_tree.at(arguments).items.empty()) return bad("makes an OrderedDict with arguments");
                node.kind = Kind::Dict;
                return push(std::move(node));
            case PickleName::RebuildTensor:
            case PickleName::RebuildParameter:
                node.kind = Kind::Call;
                node.name = m_tree.at(callable).name;
                node.items = {callable, arguments};
                return push(std::move(node));
            case PickleName::Storage:
                break;
        }
        return bad("calls a storage type");
    }

    Result<void> readLong() {
        const std::uint32_t count = TRY(number(1));
        if (count > 8) return bad("holds a whole number of over 64 bits");
        const std::string_view taken = TRY(take(count));
        std::uint64_t value = count && (static_cast<unsigned char>(taken.back()) & 0x80) ? ~std::uint64_t{0} : 0;
        for (std::size_t i = count; i-- > 0;) value = (value << 8) | static_cast<unsigned char>(taken[i]);
        return pushInteger(static_cast<std::int64_t>(value));
    }

    Result<void> readText() {
        const std::uint32_t count = TRY(number(4));
        const std::string_view taken = TRY(take(count));
        if (utf8FirstInvalid(taken) != std::string_view::npos) return bad("holds a text that is no UTF-8");
        PickleNode node;
        node.kind = Kind::Text;
        node.text = taken;
        return push(std::move(node));
    }

    Result<void> step(unsigned char opcode) {
        switch (opcode) {
            case 0x80:  // PROTO
                if (const std::uint32_t protocol = TRY(number(1)); m_opcodeAt != 0 || protocol != 2)
                    return makeError(ErrorCode::Unsupported,
                                     "the pickle is of protocol " + std::to_string(protocol) +
                                         "; torch.save writes 2 unless told otherwise, and 2 is read",
                                     "byte " + std::to_string(m_opcodeAt));
                return {};
            case '(':  // MARK
                m_marks.push_back(m_stack.size());
                return {};
            case 'N':
                return pushKind(Kind::None);
            case 0x88:  // NEWTRUE
                return pushKind(Kind::Bool, 1);
            case 0x89:  // NEWFALSE
                return pushKind(Kind::Bool, 0);
            case 'K':  // BININT1
                return pushInteger(TRY(number(1)));
            case 'M':  // BININT2
                return pushInteger(TRY(number(2)));
            case 'J':  // BININT
                return pushInteger(static_cast<std::int32_t>(TRY(number(4))));
            case 0x8a:  // LONG1
                return readLong();
            case 'G': {  // BINFLOAT, big-endian
                const std::string_view taken = TRY(take(8));
                std::uint64_t bits = 0;
                for (const char c : taken) bits = (bits << 8) | static_cast<unsigned char>(c);
                PickleNode node;
                node.kind = Kind::Real;
                std::memcpy(&node.real, &bits, sizeof bits);
                return push(std::move(node));
            }
            case 'X':  // BINUNICODE
                return readText();
            case '}':
                return pushKind(Kind::Dict);
            case ']':
                return pushKind(Kind::List);
            case ')':
                return pushKind(Kind::Tuple);
            case 0x85:  // TUPLE1, 2, 3
            case 0x86:
            case 0x87:
                return pushTupleOf(opcode - 0x84u);
            case 't':
                return pushTuple(TRY(popToMark()));
            case 'q':  // BINPUT
                return remember(TRY(number(1)));
            case 'r':  // LONG_BINPUT
                return remember(TRY(number(4)));
            case 'h':  // BINGET
                return recall(TRY(number(1)));
            case 'j':  // LONG_BINGET
                return recall(TRY(number(4)));
            case 'c':
                return readName();
            case 'Q': {  // BINPERSID
                PickleNode node;
                node.kind = Kind::Persistent;
                node.items = {TRY(pop())};
                return push(std::move(node));
            }
            case 'R':
                return call();
            case 'a': {  // APPEND
                const std::uint32_t value = TRY(pop());
                TRY(top(Kind::List, "list"))->items.push_back(value);
                return {};
            }
            case 'e': {  // APPENDS
                const std::vector<std::uint32_t> values = TRY(popToMark());
                PickleNode& list = *TRY(top(Kind::List, "list"));
                list.items.insert(list.items.end(), values.begin(), values.end());
                return {};
            }
            case 's': {  // SETITEM
                const std::uint32_t value = TRY(pop()), key = TRY(pop());
                PickleNode& dict = *TRY(top(Kind::Dict, "dict"));
                dict.items.insert(dict.items.end(), {key, value});
                return {};
            }
            case 'u': {  // SETITEMS
                const std::vector<std::uint32_t> values = TRY(popToMark());
                if (values.size() % 2) return bad("sets a key without a value");
                PickleNode& dict = *TRY(top(Kind::Dict, "dict"));
                dict.items.insert(dict.items.end(), values.begin(), values.end());
                return {};
            }
            case 'b':  // BUILD: the attribute _metadata of a state dict, which says nothing that is needed
                TRY(pop());
                TRY(top(Kind::Dict, "dict"));
                return {};
            default: {
                constexpr char digits[] = "0123456789abcdef";
                const std::string code = {'0', 'x', digits[opcode >> 4], digits[opcode & 15]};
                return makeError(
                    ErrorCode::Unsupported,
                    "the pickle holds the opcode " + code +
                        (opcode > 0x20 && opcode < 0x7f ? std::string(" ('") + static_cast<char>(opcode) + "')"
                                                        : std::string()) +
                        ", which is not on the list of what a state dict needs",
                    "byte " + std::to_string(m_opcodeAt));
            }
        }
    }

    std::string_view m_bytes;
    std::size_t m_at = 0, m_opcodeAt = 0;
    PickleTree m_tree;
    std::vector<std::uint32_t> m_stack;
    std::vector<std::size_t> m_marks;  ///< heights of the stack
    std::unordered_map<std::uint32_t, std::uint32_t> m_memo;
};

}  // namespace

Result<PickleTree> readPickle(std::string_view bytes) try {
    return PickleMachine(bytes).run();
} catch (const std::exception& error) {
    return makeError(ErrorCode::OutOfMemory, std::string("the pickle cannot be read: ") + error.what());
}

PickleWriter::PickleWriter() : m_bytes("\x80\x02") {}

void PickleWriter::emptyOrderedDict() {
    name("collections", "OrderedDict");
    m_bytes += ")R";
}

void PickleWriter::text(std::string_view value) {
    m_bytes += 'X';
    for (int i = 0; i < 4; ++i) m_bytes += static_cast<char>((value.size() >> (8 * i)) & 0xff);
    m_bytes += value;
}

void PickleWriter::integer(std::int64_t value) {
    if (value >= 0 && value < 256) {
        m_bytes += 'K';
        m_bytes += static_cast<char>(value);
        return;
    }
    const bool small = value >= INT32_MIN && value <= INT32_MAX;
    m_bytes += small ? "J" : "\x8a\x08";
    for (int i = 0; i < (small ? 4 : 8); ++i)
        m_bytes += static_cast<char>((static_cast<std::uint64_t>(value) >> (8 * i)) & 0xff);
}

void PickleWriter::name(std::string_view module, std::string_view attribute) {
    m_bytes += 'c';
    m_bytes += module;
    m_bytes += '\n';
    m_bytes += attribute;
    m_bytes += '\n';
}

void PickleWriter::integers(std::span<const std::int64_t> values) {
    mark();
    for (const std::int64_t value : values) integer(value);
    tuple();
}

}  // namespace distillix
