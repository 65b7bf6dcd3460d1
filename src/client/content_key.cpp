#include "client/content_key.hpp"

#include <span>

namespace tutti::client_module {

base::ContentHash hash_of(const detail::Value& value) {
  constexpr std::size_t buffer_bytes_min = 4 * 1024;
  Writer writer(buffer_bytes_min);
  value.ops().write(value, writer);
  base::ContentHasher hasher;
  const detail::ValueOps* type = &value.ops();
  hasher.add(std::as_bytes(std::span(&type, 1)));
  hasher.add(writer.bytes());
  for (const ConstBuffer& buffer : writer.buffers()) hasher.add({buffer.data, buffer.size});
  return hasher.finish();
}

}  // namespace tutti::client_module
