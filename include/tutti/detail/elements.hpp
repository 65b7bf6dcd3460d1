#pragma once

/// Elements<T>: a stretch of a sequence of T, contiguous; what a map gives and is fed from.

#include "tutti/detail/function_ops.hpp"
#include "tutti/detail/node_memory.hpp"
#include "tutti/detail/value_ops.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace tutti::detail {

/// What is known of a stretch without knowing T.
class ElementsBase : public Value {
 public:
  ElementsBase(const ValueOps& ops, std::uint64_t first, std::uint64_t number)
      : Value(ops), begin(first), count(number) {}

  const std::uint64_t begin;
  /// Made smaller when the end of the stretch was given to another rank, before it is shared.
  std::uint64_t count;
  /// Elements that have no value, in ascending order; set before the stretch is shared.
  std::vector<std::uint64_t> failed;

  bool has_failed(std::uint64_t index) const {
    return std::binary_search(failed.begin(), failed.end(), index);
  }

 protected:
  ~ElementsBase() = default;
};

template <class T>
class Elements final : public ElementsBase {
 public:
  /// Uninitialised room for results. Elements are made in place by several threads, one each.
  /// Large stretches of plain bytes lie where other ranks of the node can read them.
  Elements(std::uint64_t first, std::uint64_t number) : ElementsBase(ops, first, number) {
    if constexpr (is_plain<T>) {
      storage_ = static_cast<T*>(allocate_node_memory(number * sizeof(T)));
      in_node_memory_ = storage_ != nullptr;
    }
    if (!in_node_memory_) storage_ = std::allocator<T>().allocate(number);
    data_ = storage_;
    owned_ = number;
    if constexpr (!std::is_trivially_destructible_v<T>) made_ = std::make_unique<bool[]>(number);
  }
  /// The elements of a vector.
  explicit Elements(std::vector<T> values)
      : ElementsBase(ops, 0, values.size()), vector_(std::move(values)) {
    if constexpr (std::is_same_v<T, bool>) {
      storage_ = std::allocator<T>().allocate(count);
      owned_ = count;
      std::copy(vector_.begin(), vector_.end(), storage_);
      data_ = storage_;
    } else {
      data_ = vector_.data();
    }
  }
  /// Elements in the memory of somebody else, who keeps it valid for as long as this lives.
  explicit Elements(std::span<const T> borrowed)
      : ElementsBase(ops, 0, borrowed.size()), data_(const_cast<T*>(borrowed.data())) {}
  Elements(const Elements&) = delete;
  Elements& operator=(const Elements&) = delete;

  const T& at(std::uint64_t index) const { return data_[index - begin]; }
  T* place(std::uint64_t index) { return data_ + (index - begin); }
  /// The element at `index` was made in its place.
  void made(std::uint64_t index) {
    if constexpr (!std::is_trivially_destructible_v<T>) made_[index - begin] = true;
  }
  const T* data() const { return data_; }

  static const ValueOps ops;

 private:
  struct NoStorage {};
  /// A stretch whose elements are still to come: allocate(), or point().
  Elements(NoStorage, std::uint64_t first, std::uint64_t number)
      : ElementsBase(ops, first, number) {}
  ~Elements() {
    if constexpr (!std::is_trivially_destructible_v<T>) {
      for (std::uint64_t index = 0; index < owned_; ++index) {
        if (made_[index]) std::destroy_at(data_ + index);
      }
    }
    if (in_node_memory_) {
      free_node_memory(storage_);
    } else if (storage_ != nullptr) {
      std::allocator<T>().deallocate(storage_, owned_);
    }
  }
  void allocate() {
    storage_ = std::allocator<T>().allocate(count);
    data_ = storage_;
    owned_ = count;
  }
  static void point(void* elements, void* data, std::size_t) noexcept {
    static_cast<Elements*>(elements)->data_ = static_cast<T*>(data);
  }

  static std::string name() { return "sequence of " + type_name<T>(); }
  static void destroy(Value* value) noexcept { delete static_cast<Elements*>(value); }
  static std::uint64_t count_bytes(const Value& value) {
    const auto& self = static_cast<const Elements&>(value);
    std::uint64_t bytes = self.count * sizeof(T);
    if constexpr (!is_plain<T>) {
      for (std::uint64_t index = self.begin; index < self.begin + self.count; ++index) {
        if (!self.has_failed(index)) bytes += heap_bytes(self.at(index));
      }
    }
    return bytes;
  }
  static void write(const Value& value, Writer& writer) {
    const auto& self = static_cast<const Elements&>(value);
    write_slice(value, self.begin, self.count, writer);
  }
  static void write_slice(const Value& value, std::uint64_t begin, std::uint64_t count,
                          Writer& writer) {
    const auto& self = static_cast<const Elements&>(value);
    check(begin >= self.begin && begin + count <= self.begin + self.count,
          "a slice lies within its stretch");
    writer.count(begin);
    writer.count(count);
    const auto first = std::lower_bound(self.failed.begin(), self.failed.end(), begin);
    const auto last = std::lower_bound(self.failed.begin(), self.failed.end(), begin + count);
    writer.count(static_cast<std::uint64_t>(last - first));
    for (auto each = first; each != last; ++each) writer.count(*each);
    if constexpr (is_plain<T>) {
      writer.buffer(self.data_ + (begin - self.begin), count * sizeof(T), true);
    } else {
      for (std::uint64_t index = begin; index < begin + count; ++index) {
        if (!self.has_failed(index)) write_value(writer, self.at(index));
      }
    }
  }
  static Value* read(Reader& reader) {
    const std::uint64_t begin = reader.count();
    const std::uint64_t count = reader.count();
    const std::uint64_t failures = reader.count_of(sizeof(std::uint64_t));
    std::vector<std::uint64_t> failed(failures);
    for (std::uint64_t& each : failed) each = reader.count();
    if constexpr (is_plain<T>) {
      const std::size_t bytes = reader.begin_buffer();
      if (bytes / sizeof(T) != count || bytes % sizeof(T) != 0) {
        throw Error(ErrorCode::corrupt_data, "a sequence has another length than it says");
      }
      ValuePtr holder(new Elements(NoStorage(), begin, count));
      auto& elements = static_cast<Elements&>(*holder);
      elements.failed = std::move(failed);
      if (!reader.adopt_buffer(&elements, &point)) {
        elements.allocate();
        reader.end_buffer(elements.storage_);
      }
      return holder.release();
    } else {
      if (count > reader.remaining() + failures) {
        throw Error(ErrorCode::corrupt_data, "a sequence is longer than its bytes");
      }
      ValuePtr holder(new Elements(begin, count));
      auto& elements = static_cast<Elements&>(*holder);
      elements.failed = std::move(failed);
      for (std::uint64_t index = begin; index < begin + count; ++index) {
        if (elements.has_failed(index)) continue;
        if constexpr (std::is_default_constructible_v<T>) {
          // In its place from the beginning: what the reader notes of it must stay true.
          T* const element = ::new (static_cast<void*>(elements.place(index))) T{};
          elements.made(index);
          read_value(reader, *element);
        } else {
          ::new (static_cast<void*>(elements.place(index))) T(read_value<T>(reader));
          elements.made(index);
        }
      }
      return holder.release();
    }
  }
  static constexpr ValueOps make_ops() {
    ValueOps result{&name, &destroy, &count_bytes, nullptr, nullptr, false};
    result.form = number_form<T>();
    if constexpr (can_travel<T>) {
      result.write = &write;
      result.read = &read;
      result.write_slice = &write_slice;
    }
    return result;
  }

  std::vector<T> vector_;
  T* storage_ = nullptr;
  T* data_ = nullptr;
  std::uint64_t owned_ = 0;
  bool in_node_memory_ = false;
  std::unique_ptr<bool[]> made_;
};

template <class T>
constexpr ValueOps Elements<T>::ops = Elements<T>::make_ops();

/// Reads what `write_slice` wrote of plain elements into memory that somebody else has, where the
/// elements take `place.size` bytes.
inline void read_plain_elements(Reader& reader, MutableBuffer place) {
  (void)reader.count();  // where they begin
  (void)reader.count();  // how many they are
  const std::uint64_t failures = reader.count_of(sizeof(std::uint64_t));
  for (std::uint64_t each = 0; each < failures; ++each) (void)reader.count();
  if (reader.begin_buffer() != place.size)
    throw Error(ErrorCode::corrupt_data, "a sequence has another length than the place for it");
  reader.end_buffer(place.data);
  reader.expect_end();
}

/// An input could not be brought to the rank of its task; the rank's log says why.
[[noreturn]] void throw_lost_input();

/// The object that an input stands for: a value of type T, or an element of a sequence of T.
template <class T>
const T& input_cast(const InputValue& input) {
  if (input.value == nullptr) throw_lost_input();
  const ValueOps& ops = input.value->ops();
  if (&ops == &value_ops<T>()) return static_cast<const TypedValue<T>*>(input.value)->value;
  if (&ops == &Elements<T>::ops || ops.write_slice != nullptr) {
    return static_cast<const Elements<T>*>(input.value)->data()[input.index];
  }
  return value_cast<T>(*input.value);
}

/// What an input stands for, to be moved from, when nobody else needs it; else null. What was moved
/// out is gone, also when the task throws afterwards: a task runs once.
template <class T>
T* find_movable(const InputValue& input) {
  const T& object = input_cast<T>(input);
  return input.movable && !input.value->is_common() ? const_cast<T*>(&object) : nullptr;
}
/// A T made of what an input stands for, by a move where that may be, else by a copy.
template <class T>
T take_input(const InputValue& input) {
  if (T* const object = find_movable<T>(input)) return std::move(*object);
  return input_cast<T>(input);
}

}  // namespace tutti::detail
