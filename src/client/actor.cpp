// Handles of actors, and how their methods travel.

#include "tutti/detail/actor_call.hpp"
#include "tutti/error.hpp"

#include <utility>

namespace tutti::detail {

std::shared_ptr<ActorHandle> make_actor_handle(HandlePtr creation, std::string name) {
  static std::atomic<std::uint32_t> last{no_line};
  auto handle = std::make_shared<ActorHandle>();
  handle->creation = std::move(creation);
  handle->line = ++last;
  handle->name = std::move(name);
  return handle;
}

ActorHandle& checked(const std::shared_ptr<ActorHandle>& handle) {
  if (!handle) {
    throw Error(ErrorCode::bad_argument,
                "an empty handle of an actor was used; use one that client.actor<T>() returned");
  }
  if (handle->is_over.load(std::memory_order_acquire)) {
    throw Error(ErrorCode::bad_argument,
                "a handle of an actor was kept beyond the task that got it as an argument; pass it "
                "to each task that uses it");
  }
  return *handle;
}

void write_actor_handle(CallBuilder& builder, const ActorHandle& handle) {
  builder.payload.value(handle.creation->id.bits());
  builder.payload.count(handle.name.size());
  builder.payload.raw(handle.name.data(), handle.name.size());
  // Order alone: nothing travels, and the actor is kept until the call has ended.
  builder.inputs.push_back({{handle.creation.get(), 0}, {}, 0});
}

std::shared_ptr<ActorHandle> read_actor_handle(CallReader& call) {
  const auto id = TaskId::from_bits(call.reader.value<std::uint64_t>());
  std::string name(static_cast<std::size_t>(call.reader.count()), '\0');
  call.reader.raw(name.data(), name.size());
  auto handle = make_actor_handle(Core::current("an actor").lend(id), std::move(name));
  call.loans.add(std::shared_ptr<std::atomic<bool>>(handle, &handle->is_over));
  return handle;
}

void throw_actor_busy(const std::string& type) {
  throw Error(ErrorCode::unsatisfiable,
              "a call of the actor " + type +
                  " began while one of its methods ran; in one process (TUTTI_SERIAL) calls run at "
                  "once, so a method must not lead to a call of its own actor");
}

void write_method(Writer& writer, const MethodWords& words) {
  const bool is_virtual = words.is_virtual();
  // NOLINTNEXTLINE(performance-no-int-to-ptr): it is one
  write_function_pointer(writer, is_virtual ? nullptr : reinterpret_cast<const void*>(words.code));
  writer.value(static_cast<std::uint64_t>(is_virtual ? words.code : 0));
  writer.value(static_cast<std::int64_t>(words.adjustment));
}

MethodWords read_method(Reader& reader) {
  const auto code = reinterpret_cast<std::uintptr_t>(read_function_pointer(reader));
  const auto slot = static_cast<std::uintptr_t>(reader.value<std::uint64_t>());
  const auto adjustment = static_cast<std::ptrdiff_t>(reader.value<std::int64_t>());
  return {code != 0 ? code : slot, adjustment};
}

}  // namespace tutti::detail
