(** Quadratic forms over the rationals, as sums of multiples of squares of linear forms.

    Two such sums agree everywhere if the matrix of their difference is zero. *)

From Coq Require Import QArith List Bool Lqa Lia Setoid.
From Homeostat Require Import Model.
Import ListNotations.
Open Scope Q_scope.

Local Arguments Qred : simpl never.

Definition squares := list (Q * list Q).

Fixpoint total_of (s : squares) (z : list Q) : Q :=
  match s with
  | [] => 0
  | (d, l) :: s' => d * (dot l z * dot l z) + total_of s' z
  end.

Definition scaled (k : Q) (s : squares) : squares := map (fun t => (k * fst t, snd t)) s.

Fixpoint plus_row (f g : list Q) : list Q :=
  match f, g with
  | a :: f', b :: g' => Qred (a + b) :: plus_row f' g'
  | [], _ => g
  | _, [] => f
  end.

Fixpoint plus_matrix (f g : list (list Q)) : list (list Q) :=
  match f, g with
  | a :: f', b :: g' => plus_row a b :: plus_matrix f' g'
  | [], _ => g
  | _, [] => f
  end.

Definition times_row (k : Q) (l : list Q) : list Q := map (fun a => Qred (k * a)) l.

Fixpoint matrix_of (s : squares) : list (list Q) :=
  match s with
  | [] => []
  | (d, l) :: s' => plus_matrix (map (fun a => times_row (d * a) l) l) (matrix_of s')
  end.

Definition apply_matrix (m : list (list Q)) (z : list Q) : Q := dot z (map (fun row => dot row z) m).

Definition zero_matrix (m : list (list Q)) : bool := forallb (forallb (Qeq_bool 0)) m.

(** Whether s and t agree everywhere. *)
Definition agree (s t : squares) : bool := zero_matrix (matrix_of (s ++ scaled (-(1)) t)).

Definition nonneg_squares (s : squares) : bool := forallb (fun t => Qle_bool 0 (fst t)) s.

Lemma dot_nil (f : list Q) : dot f [] == 0.
Proof. destruct f; reflexivity. Qed.

Lemma dot_plus (f g z : list Q) : dot (plus_row f g) z == dot f z + dot g z.
Proof.
  revert g z. induction f as [|a f IH]; intros g z; simpl; [ring|].
  destruct g as [|b g]; simpl; [destruct z; ring|].
  destruct z as [|y z]; simpl; [ring|]. rewrite IH, Qred_correct. ring.
Qed.

Lemma dot_times (k : Q) (f z : list Q) : dot (times_row k f) z == k * dot f z.
Proof.
  revert z. induction f as [|a f IH]; intros [|y z]; simpl; try ring. rewrite IH, Qred_correct. ring.
Qed.

Lemma apply_plus (m n : list (list Q)) (z : list Q) :
  apply_matrix (plus_matrix m n) z == apply_matrix m z + apply_matrix n z.
Proof.
  unfold apply_matrix. generalize z at 1 3 5 as y. revert n.
  induction m as [|a m IH]; intros n y; simpl; [rewrite (dot_nil y); ring|].
  destruct n as [|b n]; simpl; [rewrite (dot_nil y); ring|].
  destruct y as [|c y]; simpl; [ring|]. rewrite IH, dot_plus. ring.
Qed.

Lemma apply_outer (d : Q) (l z : list Q) :
  apply_matrix (map (fun a => times_row (d * a) l) l) z == d * (dot l z * dot l z).
Proof.
  unfold apply_matrix. rewrite map_map.
  enough (E : forall f y, dot y (map (fun a => dot (times_row (d * a) l) z) f)
                          == d * dot f y * dot l z) by (rewrite E; ring).
  induction f as [|a f IH]; intros y; simpl; [rewrite dot_nil; ring|].
  destruct y as [|c y]; simpl; [ring|]. rewrite IH, dot_times. ring.
Qed.

Lemma matrix_total (s : squares) (z : list Q) : apply_matrix (matrix_of s) z == total_of s z.
Proof.
  induction s as [|[d l] s IH]; simpl.
  - unfold apply_matrix. apply dot_nil.
  - rewrite apply_plus, apply_outer, IH. ring.
Qed.

Lemma zero_total (m : list (list Q)) (z : list Q) : zero_matrix m = true -> apply_matrix m z == 0.
Proof.
  intros H. unfold apply_matrix. generalize z at 1 as y.
  induction m as [|row m IH]; intros y; simpl; [apply dot_nil|].
  simpl in H. apply andb_true_iff in H as [Hr H].
  assert (dot row z == 0).
  { clear - Hr. revert z. induction row as [|a row IH]; intros [|c z]; simpl; try reflexivity.
    simpl in Hr. apply andb_true_iff in Hr as [Ha Hr]. apply Qeq_bool_iff in Ha.
    rewrite <- Ha, (IH Hr z). ring. }
  destruct y as [|c y]; simpl; [reflexivity|]. rewrite (IH H y), H0. ring.
Qed.

Lemma total_app (s t : squares) (z : list Q) : total_of (s ++ t) z == total_of s z + total_of t z.
Proof. induction s as [|[d l] s IH]; simpl; [ring|]. rewrite IH. ring. Qed.

Lemma total_scaled (k : Q) (s : squares) (z : list Q) :
  total_of (scaled k s) z == k * total_of s z.
Proof. induction s as [|[d l] s IH]; simpl; [ring|]. rewrite IH. ring. Qed.

Lemma agree_sound (s t : squares) (z : list Q) : agree s t = true -> total_of s z == total_of t z.
Proof.
  intros H. apply (zero_total _ z) in H. rewrite matrix_total, total_app, total_scaled in H. lra.
Qed.

Lemma nonneg_total (s : squares) (z : list Q) : nonneg_squares s = true -> 0 <= total_of s z.
Proof.
  induction s as [|[d l] s IH]; simpl; intros H; [apply Qle_refl|].
  apply andb_true_iff in H as [Hd H]. apply Qle_bool_iff in Hd. simpl in Hd. specialize (IH H).
  assert (0 <= d * (dot l z * dot l z)) by (apply Qmult_le_0_compat; [assumption|nra]). lra.
Qed.

Lemma dot_ext (l y z : list Q) : Forall2 Qeq y z -> dot l y == dot l z.
Proof.
  intros H. revert l. induction H as [|a b y z E _ IH]; intros [|c l]; simpl; try reflexivity.
  rewrite E, (IH l). reflexivity.
Qed.

Lemma total_ext (s : squares) (y z : list Q) : Forall2 Qeq y z -> total_of s y == total_of s z.
Proof.
  intros H. induction s as [|[d f] s IH]; simpl; [reflexivity|].
  rewrite IH, (dot_ext f y z H). reflexivity.
Qed.
