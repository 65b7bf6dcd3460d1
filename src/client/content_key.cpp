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

}  // namespace tutti::client_module
