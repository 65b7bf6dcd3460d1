#include "tutti/random.hpp"

#include <Random123/philox.h>

namespace tutti {

void Random::refill() {
  const r123::Philox4x64::ctr_type counter{{counter_++, part_, 0, 0}};
  const r123::Philox4x64::key_type key{{key_[0], key_[1]}};
  const r123::Philox4x64::ctr_type block = r123::Philox4x64()(counter, key);
  for (std::size_t index = 0; index < block_.size(); ++index) block_[index] = block[index];
  next_ = 0;
}

}  // namespace tutti
