#pragma once

/// What the primitives of tutti/sync.hpp ask of rank 0, and what comes back.

#include "tutti/detail/sync_operation.hpp"
#include "tutti/serialize.hpp"
#include "tutti/timeout.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tutti::sync {

/// Bytes that several answers may share.
using Payload = std::shared_ptr<const std::vector<std::byte>>;

}  // namespace tutti::sync

namespace tutti::detail {

/// A question to rank 0. `object` names the asking object on its rank.
struct SyncCall {
  sync::Operation operation = sync::Operation::lock;
  std::vector<std::string> names = {};
  std::uint64_t object = 0;
  std::int64_t number = 0;
  sync::Payload payload = {};
};

struct SyncReply {
  bool in_time = true;  ///< false: the time limit was over first
  std::int64_t number = 0;
  sync::Payload payload;
};

/// Asks, and waits for the answer for at most `timeout` (0: not at all). A task that waits gives
/// its slot to others. Throws Error (bad_argument) when it is refused, and Error (not_running)
/// outside of a run.
SyncReply coordinate(const SyncCall& call, Timeout timeout);

/// A number for each object that may hold something, on this rank.
inline std::uint64_t next_sync_object() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

template <class T>
sync::Payload pack_payload(const T& value) {
  explain_travel<T>();
  Writer writer;
  write_value(writer, value);
  const auto bytes = writer.bytes();
  return std::make_shared<const std::vector<std::byte>>(bytes.begin(), bytes.end());
}
template <class T>
T unpack_payload(const sync::Payload& payload) {
  Reader reader(*payload);
  T value = read_value<T>(reader);
  reader.expect_end();
  return value;
}

[[noreturn]] void throw_sync_timeout(const char* what, const std::string& name, Timeout timeout);

/// A name and a number of its own: copies are objects of their own, which hold nothing.
class SyncObject {
 public:
  explicit SyncObject(std::vector<std::string> names)
      : names_(std::move(names)), object_(next_sync_object()) {}
  SyncObject(const SyncObject& other) : SyncObject(other.names_) {}
  SyncObject& operator=(const SyncObject& other) {
    names_ = other.names_;
    return *this;
  }
  ~SyncObject() = default;

  const std::vector<std::string>& names() const { return names_; }

 protected:
  SyncReply ask(sync::Operation operation, Timeout timeout = forever, std::int64_t number = 0,
                sync::Payload payload = {}) const {
    return coordinate({operation, names_, object_, number, std::move(payload)}, timeout);
  }
  std::uint64_t object() const { return object_; }

 private:
  std::vector<std::string> names_;
  std::uint64_t object_;
};

/// Objects that travel by what they were made of.
template <class Object>
struct SyncCodec {
  static void write(Writer& writer, const Object& object) { write_value(writer, object.recipe()); }
  static void read(Reader& reader, Object& object) {
    object = Object::from(read_value<typename Object::Recipe>(reader));
  }
};

}  // namespace tutti::detail
