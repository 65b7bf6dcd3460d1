#include "client/content_key.hpp"

#include "runtime/node_values.hpp"

#include <span>

namespace tutti::client_module {

base::ContentHash hash_of(const detail::Value& value) {
  Writer writer(runtime::buffer_bytes_min);
  value.ops().write(value, writer);
  base::ContentHasher hasher;
  const detail::ValueOps* type = &value.ops();
  hasher.add(std::as_bytes(std::span(&type, 1)));
  hasher.add(writer.bytes());
  for (const ConstBuffer& buffer : writer.buffers()) hasher.add({buffer.data, buffer.size});
  return hasher.finish();
}

ContentKey key_of_call(const detail::FunctionOps& function, const detail::CallBuilder& builder) {
  base::ContentHasher hasher;
  const auto add = [&hasher](const auto& plain) {
    hasher.add(std::as_bytes(std::span(&plain, 1)));
  };
  const detail::FunctionOps* const which = &function;
  add(which);
  add(builder.gang);
  add(builder.payload.size());
  hasher.add(builder.payload.bytes());
  for (const detail::CallInput& input : builder.inputs) {
    if (input.literal) {
      const base::ContentHash literal = hash_of(*input.literal);
      add(literal.low);
      add(literal.high);
    } else {
      add(input.future.handle->id.bits());
      add(input.future.index);
      add(input.count);
    }
  }
  return {hasher.finish(), false, {}, true};
}

}  // namespace tutti::client_module
