#include "storage/operations/write_to.hpp"

namespace automodel::storage {

Result<void> write_to(Environment& environment, const std::function<Result<void>(WriteTransaction&)>& apply) {
  for (;;) {
    Result<void> written;
    {
      auto transaction = environment.write();
      if (!transaction) return fail(transaction.error());
      written = apply(*transaction);
      if (written) written = transaction->commit();
    }
    if (written || written.error().code != map_full) return written;
    if (auto grown = environment.grow(); !grown) return grown;
  }
}

}  // namespace automodel::storage
