"""What several tests share: builders, fakes, hosting. No test lives here."""
