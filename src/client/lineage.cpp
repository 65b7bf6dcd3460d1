#include "client/lineage.hpp"

#include "base/module_table.hpp"
#include "runtime/node_values.hpp"
#include "tutti/check.hpp"
#include "tutti/detail/elements.hpp"
#include "tutti/detail/function_token.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

namespace tutti {

namespace {

using base::ContentHash;
using base::ContentHasher;

template <class T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}
void add_text(ContentHasher& hasher, const std::string& text) {
  const std::uint64_t size = text.size();
  hasher.add(bytes_of(size));
  hasher.add(std::as_bytes(std::span(text)));
}

}  // namespace

namespace detail {

Lineage::Lineage(std::vector<ContentHash> elements)
    : is_group_(true), elements_(std::move(elements)) {}

Lineage::Lineage(const ContentHash& base, std::uint64_t total, const CallBuilder& builder)
    : base_(base), is_group_(true) {
  const auto payload = builder.payload.bytes();
  for (const NumbersArgument& each : builder.numbers) {
    const auto range = payload.subspan(each.position, each.bytes);
    numbers_.push_back({{range.begin(), range.end()}, each.element});
  }
  for (const HandlePtr& source : builder.sources) sources_.push_back(source->lineage);
  if (sources_.empty()) return;
  // The sources of sources would be asked again for each element of each map that follows.
  std::vector<ContentHash> elements(total);
  for (std::uint64_t index = 0; index < total; ++index) elements[index] = at(index);
  elements_ = std::move(elements);
}

ContentHash Lineage::at(std::uint64_t index) const {
  if (!is_group_) return base_;
  if (!elements_.empty()) return elements_[index];
  // Each number takes a whole place, so that they cannot be taken for each other.
  constexpr std::size_t pieces_max = 14;
  std::array<std::byte, sizeof(ContentHash) * (pieces_max + 1)> bytes{};
  check(numbers_.size() + sources_.size() <= pieces_max,
        "a map has at most 14 ranges in a journal");
  std::memcpy(bytes.data(), &base_, sizeof base_);
  std::size_t position = sizeof base_;
  for (const Numbers& each : numbers_) {
    (void)each.element(each.range.data(), index, bytes.data() + position);
    position += NumbersArgument::number_bytes_max;
  }
  for (const Ptr& source : sources_) {
    const ContentHash hash = source->at(index);
    std::memcpy(bytes.data() + position, &hash, sizeof hash);
    position += sizeof hash;
  }
  return base::content_hash({bytes.data(), position});
}

ContentHash Lineage::of_slice(std::uint64_t begin, std::uint64_t count) const {
  if (!is_group_ || count == 1) return at(begin);
  ContentHasher hasher;
  for (std::uint64_t index = begin; index < begin + count; ++index) {
    const ContentHash hash = at(index);
    hasher.add(bytes_of(hash));
  }
  return hasher.finish();
}

}  // namespace detail

namespace client_module {

using detail::Lineage;
using detail::Value;

LineageMaker::LineageMaker() : modules_(base::own_modules()) {}

std::string LineageMaker::result_name(const detail::FunctionOps& function) const {
  if (function.result == nullptr) return "void";
  const std::lock_guard lock(mutex_);
  std::string& name = type_names_[function.result];
  if (name.empty()) name = function.result->type_name();
  return name;
}

/// The name of what a token stands for; empty for bytes that only look like one.
std::string LineageMaker::symbol_of(const detail::FunctionToken& token) const {
  const std::lock_guard lock(mutex_);
  const auto [known, is_new] = symbols_.try_emplace({token.module, token.offset});
  if (!is_new) return known->second;
  try {
    known->second = detail::symbol_name(detail::address_of(token));
  } catch (const Error&) {
  }
  return known->second;
}

/// The stream of a call or value. Functions stand in it as an offset into the program, which
/// another build has elsewhere: their names take their place.
void LineageMaker::add_stream(ContentHasher& hasher, std::span<const std::byte> stream) const {
  while (!stream.empty()) {
    const std::byte* first = nullptr;
    for (const std::uint64_t module : modules_) {
      const auto* found = static_cast<const std::byte*>(
          ::memmem(stream.data(), stream.size(), &module, sizeof module));
      if (found != nullptr && (first == nullptr || found < first)) first = found;
    }
    const auto before =
        first == nullptr ? stream.size() : static_cast<std::size_t>(first - stream.data());
    hasher.add(stream.first(before));
    stream = stream.subspan(before);
    if (stream.size() < sizeof(detail::FunctionToken)) {
      hasher.add(stream);
      return;
    }
    detail::FunctionToken token;
    std::memcpy(&token, stream.data(), sizeof token);
    const std::string name = symbol_of(token);
    name.empty() ? hasher.add(stream.first(sizeof token)) : add_text(hasher, name);
    stream = stream.subspan(sizeof token);
  }
}

ContentHash LineageMaker::hash_of(const Value& value) const {
  if (&value.ops() == &detail::SerializedValue::shared_ops)
    return hash_of(*static_cast<const detail::SerializedValue&>(value).read());
  Writer writer(runtime::buffer_bytes_min);
  value.ops().write(value, writer);
  ContentHasher hasher;
  add_text(hasher, value.ops().type_name());
  add_stream(hasher, writer.bytes());
  for (const ConstBuffer& buffer : writer.buffers()) hasher.add({buffer.data, buffer.size});
  return hasher.finish();
}

Lineage::Ptr LineageMaker::of_value(const Value& value) const {
  if (value.ops().write == nullptr) return nullptr;
  return std::make_shared<const Lineage>(hash_of(value));
}

Lineage::Ptr LineageMaker::of_sequence(const Value& elements) const {
  const detail::ValueOps& ops = elements.ops();
  if (ops.write_slice == nullptr) return nullptr;
  const auto& sequence = static_cast<const detail::ElementsBase&>(elements);
  std::vector<ContentHash> hashes;
  hashes.reserve(sequence.count);
  Writer writer;
  // Without what stands before it in a slice: where it begins, how many there are, what failed.
  constexpr std::size_t head_bytes = 3 * sizeof(std::uint64_t);
  for (std::uint64_t index = sequence.begin; index < sequence.begin + sequence.count; ++index) {
    writer.clear();
    ops.write_slice(elements, index, 1, writer);
    if (ops.form.kind == detail::NumberForm::Kind::fixed) {
      hashes.push_back(base::content_hash(writer.bytes().subspan(head_bytes)));
      continue;
    }
    ContentHasher hasher;
    add_stream(hasher, writer.bytes().subspan(head_bytes));
    hashes.push_back(hasher.finish());
  }
  return std::make_shared<const Lineage>(std::move(hashes));
}

/// False when an input has no lineage.
bool LineageMaker::add_call(ContentHasher& hasher, const std::string& work,
                            const detail::FunctionOps& function,
                            const detail::CallBuilder& builder) const {
  add_text(hasher, work);
  add_text(hasher, result_name(function));
  const auto payload = builder.payload.bytes();
  std::size_t position = 0;
  for (const detail::NumbersArgument& each : builder.numbers) {
    add_stream(hasher, payload.subspan(position, each.position - position));
    position = each.position + each.bytes;
  }
  add_stream(hasher, payload.subspan(position));
  for (const detail::CallInput& input : builder.inputs) {
    ContentHash hash;
    if (input.literal) {
      if (input.literal->ops().write == nullptr) return false;
      hash = hash_of(*input.literal);
    } else {
      const Lineage::Ptr& lineage = input.future.handle->lineage;
      if (!lineage) return false;
      hash = lineage->of_slice(input.future.index, input.count);
    }
    hasher.add(bytes_of(hash));
  }
  return true;
}

Lineage::Ptr LineageMaker::of_call(const std::string& work, const detail::FunctionOps& function,
                                   const detail::CallBuilder& builder) const {
  ContentHasher hasher;
  if (!add_call(hasher, work, function, builder)) return nullptr;
  return std::make_shared<const Lineage>(hasher.finish());
}

Lineage::Ptr LineageMaker::of_map(const std::string& work, const detail::FunctionOps& function,
                                  std::uint64_t total, const detail::CallBuilder& builder) const {
  const auto has_lineage = [](const detail::HandlePtr& source) {
    return source->lineage != nullptr;
  };
  if (!std::ranges::all_of(builder.sources, has_lineage)) return nullptr;
  ContentHasher hasher;
  if (!add_call(hasher, work, function, builder)) return nullptr;
  return std::make_shared<const Lineage>(hasher.finish(), total, builder);
}

}  // namespace client_module
}  // namespace tutti
