#pragma once

/// How the fields of messages become bytes, for the files of the codec.

#include "protocol/messages.hpp"
#include "tutti/bytes.hpp"
#include "tutti/error.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <variant>

namespace tutti::protocol {

/// The byte that names a message is its place in the variant.
template <class T, std::size_t Index = 0>
constexpr std::uint8_t kind_of() {
  if constexpr (std::is_same_v<T, std::variant_alternative_t<Index, Message>>) {
    return static_cast<std::uint8_t>(Index);
  } else {
    return kind_of<T, Index + 1>();
  }
}

template <class T>
void begin(Writer& writer) {
  writer.value(kind_of<T>());
}

inline void put(Writer& writer, TaskId id) { writer.value(id.bits()); }
inline TaskId get_id(Reader& reader) { return TaskId::from_bits(reader.value<std::uint64_t>()); }

inline void put(Writer& writer, bool flag) {
  writer.value(static_cast<std::uint8_t>(flag ? 1 : 0));
}
inline bool get_flag(Reader& reader) {
  const auto byte = reader.value<std::uint8_t>();
  if (byte > 1) throw Error(ErrorCode::corrupt_data, "a flag of a message is neither 0 nor 1");
  return byte == 1;
}

inline void put_bytes(Writer& writer, std::span<const std::byte> bytes) {
  writer.value(static_cast<std::uint32_t>(bytes.size()));
  writer.raw(bytes.data(), bytes.size());
}
inline std::span<const std::byte> get_bytes(Reader& reader) {
  return reader.view(reader.value<std::uint32_t>());
}

inline void put_text(Writer& writer, std::string_view text) {
  put_bytes(writer, std::as_bytes(std::span(text.data(), text.size())));
}
inline std::string_view get_text(Reader& reader) {
  const auto bytes = get_bytes(reader);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <class T>
void put_list(Writer& writer, const PackedList<T>& list) {
  writer.value(static_cast<std::uint32_t>(list.size()));
  writer.raw(list.bytes().data(), list.bytes().size());
}
template <class T>
PackedList<T> get_list(Reader& reader) {
  const std::size_t count = reader.value<std::uint32_t>();
  return PackedList<T>(reader.view(count * sizeof(T)));
}

/// Most assignments claim nothing: then the flag before it says so, and nothing is written.
inline void put(Writer& writer, const ClaimRef& claim) {
  writer.value(claim.number);
  writer.value(claim.cores);
  put_list(writer, claim.devices);
}
inline ClaimRef get_claim(Reader& reader) {
  ClaimRef claim;
  reader.value(claim.number);
  reader.value(claim.cores);
  claim.devices = get_list<std::int32_t>(reader);
  return claim;
}

/// Two flags in one byte.
inline void put(Writer& writer, bool first, bool second) {
  writer.value(static_cast<std::uint8_t>((first ? 1 : 0) + (second ? 2 : 0)));
}
struct Flags {
  bool first;
  bool second;
};
inline Flags get_flags(Reader& reader) {
  const auto byte = reader.value<std::uint8_t>();
  if (byte > 3) throw Error(ErrorCode::corrupt_data, "two flags of a message are more than 3");
  return {(byte & 1) != 0, (byte & 2) != 0};
}

/// The fields of an assignment, which is a part of another message too.
AssignTask decode_assign_task(Reader& reader);
void put_assign_task(Writer& writer, const AssignTask& message);

/// The messages of tasks that submit tasks, see codec_submissions.cpp, and what follows them.
/// Throws Error (corrupt_data) for what is no message at all.
Message decode_of_submissions(std::uint8_t kind, Reader& reader);
/// The same for those of primitives of coordination, see codec_sync.cpp.
Message decode_of_sync(std::uint8_t kind, Reader& reader);
/// The same for those of gangs, see codec_gangs.cpp.
Message decode_of_gangs(std::uint8_t kind, Reader& reader);

}  // namespace tutti::protocol
