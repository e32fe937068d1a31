(** The checker of trees of modes: data, and a boolean that computes.

    W are the weights, scaled to positive integers; a state is a list of forms over the
    coordinates of the start. Settles.v proves what it means that the boolean is true. *)

From Coq Require Import ZArith List Bool.
From Homeostat Require Import Forms.
Import ListNotations.

Inductive tree :=
  | Leaf (proofs : list proof)
  | Node (lo hi : nat) (below above : proof) (children : forest)
with forest :=
  | Done
  | Child (mode : nat) (child : tree) (others : forest).

(** Rows of the no-eviction region by their numbers, and proofs that the rows left out follow. *)
Record region := { last : nat; kept : list nat; implied : list (nat * proof) }.

Definition excess (W : list Z) (st : list form) (j : nat) : form :=
  primitive (plus (combination (skipn j W) (skipn (pred j) st)) (times (-1) (combination W st))).

Definition reduced (st : list form) : list form := map (divide (divisor (concat st))) st.

Definition raw_step (W : list Z) (j : nat) (st : list form) : list form :=
  repeat [] j
  ++ plus (combination W st) (times (-1) (combination (skipn (S j) W) (skipn j st)))
  :: map (times (nth j W 0%Z)) (firstn (length W - S j) (skipn j st)).

Definition step_form (W : list Z) (j : nat) (st : list form) : list form := reduced (raw_step W j st).

Definition guards (W : list Z) (st : list form) (j : nat) : list form :=
  (if (j =? 0)%nat then [] else [excess W st j]) ++
  (if (S j <? length W)%nat then [times (-1) (excess W st (S j))] else []).

Fixpoint identity (d : nat) : list form :=
  match d with
  | O => []
  | S d' => (1%Z :: repeat 0%Z d') :: map (cons 0%Z) (identity d')
  end.

Definition root (W : list Z) (face : nat) : list form := repeat [] face ++ identity (length W - face).

(** Row i: stage 0 is not negative after i + 1 steps without eviction. *)
Fixpoint free (W : list Z) (i : nat) : list form :=
  match i with O => root W 0 | S i' => step_form W 0 (free W i') end.
Definition row (W : list Z) (i : nat) : form := primitive (nth 0 (free W (S i)) []).
Definition rows_of (W : list Z) (r : region) : list form := map (row W) (kept r).

Definition check_region (W : list Z) (r : region) : bool :=
  let rows := rows_of W r in
  forallb (fun i => i <=? last r)%nat (kept r) &&
  forallb (fun i => existsb (Nat.eqb i) (kept r) ||
                    existsb (fun p => (fst p =? i)%nat && implies rows (row W i) (snd p)) (implied r))
          (seq 0 (2 + last r)).

Fixpoint has_mode (j : nat) (f : forest) : bool :=
  match f with Done => false | Child mode _ others => (mode =? j)%nat || has_mode j others end.

Definition same_form (f g : form) : bool := if list_eq_dec Z.eq_dec f g then true else false.

(** Whether from a node every start settles within bound steps. After an eviction above face it
    does so within closed steps. *)
Fixpoint check_tree (W : list Z) (rows_in : list form) (face closed : nat)
    (t : tree) (bound : nat) (st rows : list form) {struct t} : bool :=
  match t with
  | Leaf proofs =>
      (length proofs =? length rows_in)%nat &&
      forallb (fun rp => implies rows (combination (fst rp) st) (snd rp)) (combine rows_in proofs)
  | Node lo hi below above children =>
      match bound with
      | O => false
      | S b =>
          (lo <? length W)%nat && (hi <=? face)%nat && ((lo <=? hi)%nat || (hi =? face)%nat) &&
          ((lo =? 0)%nat || implies rows (excess W st lo) below) &&
          (if (hi <? face)%nat then implies rows (times (-1) (excess W st (S hi))) above
           else (length W <=? S face)%nat || (closed <=? b)%nat) &&
          forallb (fun j => has_mode j children ||
                            ((lo <? j)%nat && (S j <? length W)%nat &&
                             same_form (excess W st j) (excess W st (S j))))
                  (seq lo (S hi - lo)) &&
          check_forest W rows_in face closed children b st rows
      end
  end
with check_forest (W : list Z) (rows_in : list form) (face closed : nat)
    (f : forest) (bound : nat) (st rows : list form) {struct f} : bool :=
  match f with
  | Done => true
  | Child j t others =>
      check_tree W rows_in face closed t bound (step_form W j st) (rows ++ guards W st j) &&
      check_forest W rows_in face closed others bound st rows
  end.

(** Trees for the faces from the top one down to 1, each with its bound. *)
Fixpoint check_faces (W : list Z) (rows_in : list form) (face closed : nat)
    (trees : list (nat * tree)) : option nat :=
  match trees, face with
  | [], O => Some closed
  | (bound, t) :: trees', S below =>
      if (closed <=? bound)%nat && check_tree W rows_in face closed t bound (root W face) []
      then check_faces W rows_in below bound trees' else None
  | _, _ => None
  end.

Definition check_settles (W : list Z) (r : region) (trees : list (nat * tree)) (steps : nat) : bool :=
  check_region W r &&
  match check_faces W (rows_of W r) (length W - 1) 0 trees with
  | Some latest => (S (last r) + latest <=? steps)%nat
  | None => false
  end.
