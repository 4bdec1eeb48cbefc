-- Needs no right when the extension is already there, and the right to create it otherwise.
create extension if not exists vector;
