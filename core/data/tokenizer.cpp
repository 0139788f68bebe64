// SPDX-License-Identifier: Apache-2.0
#include "core/data/tokenizer.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <unordered_map>

#include <sentencepiece_processor.h>

#include "core/base/files.h"
#include "core/base/sha256.h"
#include "core/base/utf8.h"
#include "core/data/sentencepiece_model.h"
#include "core/data/word_cache.h"

namespace distillix {
namespace {

constexpr std::uint64_t kModelLimit = std::uint64_t{256} << 20;  ///< of a tokenizer.model; the largest known have 5 MB
constexpr std::string_view kSpaceMark = "\xe2\x96\x81";          ///< U+2581, SentencePiece's space
constexpr std::string_view kUnknownText = " \xe2\x81\x87 ";      ///< SentencePiece's own rendering of <unk>

/// ModelProto { normalizer_spec { add_dummy_prefix: false } }. Serialized messages merge when they are concatenated,
/// the later value winning: a model with this behind it is the same model without the leading space.
constexpr std::string_view kWithoutSpacePrefix{"\x1a\x02\x18\x00", 4};

/// A piece that encode() handles itself.
struct Special {
    std::string text;
    std::int32_t id;
    bool control;
};

}  // namespace

struct Tokenizer::State {
    std::string serialized;
    std::string hash;
    SentencePieceModelFacts facts;
    sentencepiece::SentencePieceProcessor processor;
    std::vector<std::string> texts;           ///< of each id, spaces for U+2581; empty for control pieces
    std::vector<Special> specials;            ///< longest first
    std::array<bool, 256> specialFirst{};     ///< first bytes of them
    std::array<std::int32_t, 256> byteIds{};  ///< of each byte; only if facts.bytePieces
    bool byWords = false;                     ///< the model is of a kind whose texts may be cut into words
    JoinedCharacters joined;                  ///< if byWords
    mutable std::mutex cachesMutex;
    mutable std::vector<std::unique_ptr<WordCache>> caches;  ///< those not at work; guarded by cachesMutex
    mutable std::once_flag continuationOnce;
    mutable std::unique_ptr<sentencepiece::SentencePieceProcessor> continuationProcessor;

    /// Encodes text that follows other text: no space is put before it.
    const sentencepiece::SentencePieceProcessor& continuation() const {
        if (!facts.addDummyPrefix) return processor;
        std::call_once(continuationOnce, [this] {
            auto made = std::make_unique<sentencepiece::SentencePieceProcessor>();
            if (made->LoadFromSerializedProto(serialized + std::string(kWithoutSpacePrefix)).ok())
                continuationProcessor = std::move(made);
        });
        return continuationProcessor ? *continuationProcessor : processor;
    }

    std::unique_ptr<WordCache> takeCache() const {
        {
            const std::lock_guard lock(cachesMutex);
            if (!caches.empty()) {
                auto cache = std::move(caches.back());
                caches.pop_back();
                return cache;
            }
        }
        return std::make_unique<WordCache>();
    }
    void giveBack(std::unique_ptr<WordCache> cache) const {
        const std::lock_guard lock(cachesMutex);
        caches.push_back(std::move(cache));
    }

    /// Appends the tokens of text that follows other text, word by word. `part` is scratch.
    void encodeWords(std::string_view text, WordCache& cache, std::vector<int>& part,
                     std::vector<std::int32_t>& ids) const {
        const auto& library = continuation();
        while (!text.empty()) {
            const std::string_view word = text.substr(0, joined.wordEnd(text));
            text.remove_prefix(word.size());
            if (word.size() > WordCache::kLongestWord) {
                if (library.Encode(word, &part).ok()) ids.insert(ids.end(), part.begin(), part.end());
                continue;
            }
            bool known = false;
            WordCache::Slot& slot = cache.find(word, known);
            if (known) {
                ids.insert(ids.end(), slot.ids.begin(), slot.ids.begin() + slot.count);
            } else if (library.Encode(word, &part).ok()) {
                ids.insert(ids.end(), part.begin(), part.end());
                WordCache::store(slot, word, part);
            }
        }
    }

    /// The longest special that `rest` begins with, or null.
    const Special* specialAt(std::string_view rest) const {
        for (const Special& special : specials) {
            if (rest.substr(0, special.text.size()) == special.text) return &special;
        }
        return nullptr;
    }
};

Tokenizer::Tokenizer(std::unique_ptr<State> state) : m_state(std::move(state)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Result<Tokenizer> Tokenizer::load(const std::filesystem::path& modelFile) {
    std::string bytes = TRY(readFile(modelFile, kModelLimit));
    return TRY_AT(fromBytes(std::move(bytes)), modelFile.string());
}

Result<Tokenizer> Tokenizer::fromBytes(std::string serializedModel) try {
    auto state = std::make_unique<State>();
    // Before the library sees it: it trusts tables in the file that lead it out of bounds when they are damaged.
    state->facts = TRY(readSentencePieceModel(serializedModel));
    const auto status = state->processor.LoadFromSerializedProto(serializedModel);
    if (!status.ok())
        return makeError(ErrorCode::InvalidData,
                         std::string("is no usable SentencePiece model: ") + status.error_message());
    const int size = state->processor.GetPieceSize();
    if (static_cast<std::size_t>(size) != state->facts.types.size())
        return makeError(ErrorCode::InvalidData, "is no usable SentencePiece model: its pieces cannot be counted");

    state->texts.resize(static_cast<std::size_t>(size));
    for (int id = 0; id < size; ++id) {
        const std::string& piece = state->processor.IdToPiece(id);
        std::string& text = state->texts[static_cast<std::size_t>(id)];
        switch (state->facts.types[static_cast<std::size_t>(id)]) {
            case PieceType::Control:
                state->specials.push_back({piece, id, true});
                break;
            case PieceType::Unknown:
                text = kUnknownText;
                break;
            case PieceType::Byte: {
                const int byte = byteOfPiece(piece);
                if (byte < 0)
                    return makeError(ErrorCode::InvalidData, "is no usable SentencePiece model: byte piece " +
                                                                 std::to_string(id) + " is damaged");
                text = static_cast<char>(byte);
                state->byteIds[static_cast<std::size_t>(byte)] = id;
                break;
            }
            case PieceType::UserDefined:
                if (piece.size() > 4 && piece.substr(0, 2) == "<|" && piece.substr(piece.size() - 2) == "|>")
                    state->specials.push_back({piece, id, false});
                [[fallthrough]];
            default:
                text = piece;
                for (std::size_t at = text.find(kSpaceMark); at != std::string::npos;
                     at = text.find(kSpaceMark, at + 1))
                    text.replace(at, kSpaceMark.size(), " ");
        }
    }
    // Elsewhere what stands at one place may depend on what stands at another: unigram models add up scores along the
    // text, normalization and dropped spaces look around, and without byte pieces neighbouring unknowns become one.
    const auto& facts = state->facts;
    state->byWords = facts.modelType == "bpe" && facts.bytePieces && !facts.normalizes &&
                     !facts.removeExtraWhitespaces && !facts.spaceIsSuffix;
    if (state->byWords)
        for (std::size_t id = 0; id < state->texts.size(); ++id)
            if (facts.types[id] != PieceType::Byte && facts.types[id] != PieceType::Unknown)
                state->joined.add(state->texts[id]);  // of control pieces there is no text
    std::stable_sort(state->specials.begin(), state->specials.end(),
                     [](const Special& a, const Special& b) { return a.text.size() > b.text.size(); });
    for (const Special& special : state->specials)
        state->specialFirst[static_cast<unsigned char>(special.text[0])] = true;
    state->hash = sha256Hex(serializedModel);
    state->serialized = std::move(serializedModel);
    return Tokenizer(std::move(state));
} catch (const std::exception& error) {
    return makeError(ErrorCode::OutOfMemory, std::string("the tokenizer cannot be loaded: ") + error.what());
}

int Tokenizer::size() const {
    return static_cast<int>(m_state->texts.size());
}
int Tokenizer::bos() const {
    return m_state->processor.bos_id();
}
int Tokenizer::eos() const {
    return m_state->processor.eos_id();
}
int Tokenizer::unknown() const {
    return m_state->processor.unk_id();
}
int Tokenizer::pad() const {
    return m_state->processor.pad_id();
}

int Tokenizer::pieceId(std::string_view piece) const {
    const int id = m_state->processor.PieceToId(piece);
    // The library answers <unk> for what it does not know.
    return id >= 0 && id < size() && m_state->processor.IdToPiece(id) == piece ? id : -1;
}

std::string Tokenizer::piece(int id) const {
    return id >= 0 && id < size() ? m_state->processor.IdToPiece(id) : std::string();
}

bool Tokenizer::isControl(int id) const {
    return id >= 0 && id < size() && m_state->facts.types[static_cast<std::size_t>(id)] == PieceType::Control;
}

const std::string& Tokenizer::serialized() const {
    return m_state->serialized;
}
std::string Tokenizer::hash() const {
    return m_state->hash;
}
std::string Tokenizer::modelType() const {
    return m_state->facts.modelType;
}
bool Tokenizer::addsSpacePrefix() const {
    return m_state->facts.addDummyPrefix;
}
bool Tokenizer::hasBytePieces() const {
    return m_state->facts.bytePieces;
}

std::vector<std::int32_t> Tokenizer::encode(std::string_view text, bool parseSpecial, bool byWords) const {
    const State& state = *m_state;
    std::vector<std::int32_t> ids;
    std::vector<int> part;
    std::unique_ptr<WordCache> cache = byWords && state.byWords ? state.takeCache() : nullptr;
    std::size_t from = 0;  // what lies before is encoded
    bool started = false;  // whether any of it was text
    const auto flush = [&](std::size_t to) {
        if (cache && to > from && !started && state.facts.addDummyPrefix) {
            // The first word has a space put before it.
            const std::size_t first = state.joined.wordEnd(text.substr(from, to - from));
            if (state.processor.Encode(text.substr(from, first), &part).ok())
                ids.insert(ids.end(), part.begin(), part.end());
            started = true;
            from += first;
        }
        if (to > from) {
            const auto& processor = started ? state.continuation() : state.processor;
            if (cache)
                state.encodeWords(text.substr(from, to - from), *cache, part, ids);
            else if (processor.Encode(text.substr(from, to - from), &part).ok())
                ids.insert(ids.end(), part.begin(), part.end());
            started = true;
        }
        from = to;
    };
    const auto bytes = [&](std::size_t begin, std::size_t count) {
        flush(begin);
        for (std::size_t i = begin; i < begin + count; ++i)
            ids.push_back(state.byteIds[static_cast<unsigned char>(text[i])]);
        started = true;
        from = begin + count;
    };
    for (std::size_t at = 0; at < text.size();) {
        const auto first = static_cast<unsigned char>(text[at]);
        if (state.specialFirst[first]) {
            if (const Special* special = state.specialAt(text.substr(at))) {
                if (parseSpecial) {
                    flush(at);
                    ids.push_back(special->id);
                    started = started || !special->control;
                    from = at += special->text.size();
                    continue;
                }
                // The library takes user-defined pieces wherever it sees them; cut in two, it does not see this one.
                if (!special->control) flush(at + 1);
            }
        }
        if (first < 0x80) {
            ++at;
            continue;
        }
        const int length = utf8Length(text.substr(at));
        const std::size_t step = length > 0 ? static_cast<std::size_t>(length) : 1;
        // The library would make U+FFFD of a stray byte and a space of U+2581.
        if (state.facts.bytePieces && (length <= 0 || text.substr(at, step) == kSpaceMark)) bytes(at, step);
        at += step;
    }
    flush(text.size());
    if (cache) state.giveBack(std::move(cache));
    return ids;
}

void Tokenizer::appendText(std::int32_t id, bool& started, std::string& out) const {
    if (id < 0 || id >= size()) return;
    std::string_view text = m_state->texts[static_cast<std::size_t>(id)];
    if (text.empty()) return;
    const bool strips = m_state->facts.addDummyPrefix || m_state->facts.removeExtraWhitespaces;
    if (!started && strips && text.front() == ' ' &&
        m_state->facts.types[static_cast<std::size_t>(id)] != PieceType::Byte &&
        m_state->facts.types[static_cast<std::size_t>(id)] != PieceType::Unknown) {
        text.remove_prefix(1);
        // A model that drops leading white space drops all of it, the others the one space that they put there.
        started = !m_state->facts.removeExtraWhitespaces;
    }
    started = started || !text.empty();
    out += text;
}

std::string Tokenizer::decode(std::span<const std::int32_t> ids) const {
    std::string out;
    bool started = false;
    for (const std::int32_t id : ids) appendText(id, started, out);
    return out;
}

std::string StreamDecoder::push(std::int32_t id) {
    std::string out;
    m_tokenizer->appendText(id, m_started, m_pending);
    utf8TakeWhole(m_pending, out);
    return out;
}

std::string StreamDecoder::finish() {
    std::string out = utf8Replaced(m_pending);
    m_pending.clear();
    m_started = false;
    return out;
}

}  // namespace distillix
