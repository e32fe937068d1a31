(** What the exported theorems speak of: the recurrences of note 003, over the rationals.

    A state is the list of the merged numbers M_0, .., M_(n-1) of requests at each stage, stage 0
    first. Nothing is proved here; who wants to know what a theorem says reads this file and it. *)

From Coq Require Import QArith Qabs List.
Import ListNotations.
Open Scope Q_scope.

Record parameters := { l0 : Q; l_a : nat; l_b : nat; q : Q; capacity : Q }.

(** Tokens of one request at stage s; from stage l_a on only the share q is left (section 2.4). *)
Definition weight (p : parameters) (s : nat) : Q :=
  let v := l0 p + inject_Z (Z.of_nat s) + 1 in
  if (s <? l_a p)%nat then v else q p * v.

Definition weights (p : parameters) : list Q := map (weight p) (seq 0 (l_b p)).

(** The sum of products, as far as both lists reach. *)
Fixpoint dot (ws ms : list Q) : Q :=
  match ws, ms with
  | w :: ws', m :: ms' => w * m + dot ws' ms'
  | _, _ => 0
  end.

(** A start: one number >= 0 for each stage, whose tokens are the capacity. *)
Definition start (p : parameters) (M : list Q) : Prop :=
  length M = l_b p /\ Forall (fun m => 0 <= m) M /\ dot (weights p) M == capacity p.

(** The scan of Simulation, for stages from the bottom up with weights ws, into which ms advance.
    The stages above are scanned first. What is returned is how much of ms is kept, and the room
    that is left: None once a stage was cut, for then nothing below is kept. *)
Fixpoint scan (room : Q) (ws ms : list Q) : list Q * option Q :=
  match ws, ms with
  | w :: ws', m :: ms' =>
      match scan room ws' ms' with
      | (kept, None) => (0 :: kept, None)
      | (kept, Some rest) =>
          if Qle_bool (w * m) rest
          then (m :: kept, Some (rest - w * m))
          else (rest / w :: kept, None)
      end
  | _, _ => ([], Some room)
  end.

(** One step of Simulation: stages 1 and up are scanned, and stage 0 admits what fits. *)
Definition simulation_step (w : list Q) (B : Q) (M : list Q) : list Q :=
  match w with
  | [] => []
  | w0 :: ws =>
      match scan B ws M with
      | (kept, Some rest) => rest / w0 :: kept
      | (kept, None) => 0 :: kept
      end
  end.

(** One step of Theory: everything is kept, and stage 0 balances the tokens, with a negative
    number if need be. *)
Definition theory_step (w : list Q) (B : Q) (M : list Q) : list Q :=
  match w with
  | [] => []
  | w0 :: ws => (B - dot ws M) / w0 :: firstn (length ws) M
  end.

(** [simulation p t M] and [theory p t M] are the states after t steps from M. Each state is
    written in lowest terms ([Qred]), which changes no number. *)
Fixpoint simulation (p : parameters) (t : nat) (M : list Q) : list Q :=
  match t with
  | O => M
  | S t' => map Qred (simulation_step (weights p) (capacity p) (simulation p t' M))
  end.

Fixpoint theory (p : parameters) (t : nat) (M : list Q) : list Q :=
  match t with
  | O => M
  | S t' => map Qred (theory_step (weights p) (capacity p) (theory p t' M))
  end.

(** Step t + 1 evicts nothing: each stage s >= 1 keeps all of what was at stage s - 1. *)
Definition evicts_nothing (p : parameters) (t : nat) (M : list Q) : Prop :=
  forall s, (S s < l_b p)%nat -> nth (S s) (simulation p (S t) M) 0 == nth s (simulation p t M) 0.

(** The state that neither system leaves: the same number at every stage. *)
Definition equilibrium (p : parameters) : Q := capacity p / fold_right Qplus 0 (weights p).

(** States whose numbers all come as close to e as wanted, and stay there. *)
Definition tends_to (state : nat -> list Q) (e : Q) : Prop :=
  forall eps, 0 < eps -> exists T, forall t, (T <= t)%nat ->
    Forall (fun m => Qabs (m - e) <= eps) (state t).
